/** `fastpathd dashboards`: hands out the Grafana dashboards, and the rules that record what they read. */
import { copyFileSync, mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** Folders that come with the package, both in a checkout and in the image. */
const folder = (path: string): string => fileURLToPath(new URL(`../../${path}`, import.meta.url));
const DASHBOARDS = { from: folder("dashboards/json"), suffix: ".json" };
const RULES = { from: folder("config/stack/prometheus/rules"), suffix: ".yaml" };

export interface DashboardsFlags {
  readonly out: string;
  readonly rules?: string;
}

/** Copies, prints what it copied; returns the exit code. */
export function dashboards({ out, rules }: DashboardsFlags): number {
  try {
    copyAll(DASHBOARDS, out);
    if (rules !== undefined) copyAll(RULES, rules);
    else console.error("Prometheus must record what the dashboards read of the whole fleet: --rules <dir> writes the rule files");
    return 0;
  } catch (error) {
    console.error((error as Error).message);
    return 1;
  }
}

function copyAll({ from, suffix }: typeof DASHBOARDS, to: string): void {
  mkdirSync(to, { recursive: true });
  for (const file of readdirSync(from).filter((name) => name.endsWith(suffix))) {
    copyFileSync(join(from, file), join(to, file));
    console.log(join(to, file));
  }
}
