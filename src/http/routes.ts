/** Under which template a request is counted: the path with its variable parts named. */
import type { ServerResponse } from "node:http";

const templates = new WeakMap<ServerResponse, string>();

/** Notes the template of the route that answers. */
export function nameRoute(res: ServerResponse, template: string): void {
  templates.set(res, template);
}

/** The template, or `other` for a path that no route knows. */
export const routeOf = (res: ServerResponse): string => templates.get(res) ?? "other";
