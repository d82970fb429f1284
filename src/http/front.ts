/**
 * What Prometheus and orchestrators call, answered without a framework: it is called most
 * often and must work whatever becomes of the rest. No token, no check of names.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Backend } from "./backend.ts";
import type { Address } from "./listen-address.ts";
import { sendProblem } from "./problem.ts";
import { nameRoute } from "./routes.ts";
import { scrapeAll, scrapeHost } from "./scrape.ts";
import { sendBody } from "./send.ts";
import { targetAddress, targetGroups } from "./service-discovery.ts";

export interface FrontOptions {
  readonly advertise: Address | null;
  readonly fleetSeriesLimit: number;
}

const TEXT = "text/plain; charset=utf-8";
const HOST_METRICS = /^\/hosts\/([^/]+)\/metrics$/;

/** Answers a request when its path is one of these; null leaves it to the next handler. */
export function answerFront(req: IncomingMessage, res: ServerResponse, backend: Backend, options: FrontOptions): Promise<void> | null {
  const [path = "", search = ""] = (req.url ?? "").split("?", 2);
  const found = find(path);
  if (found === null) return null;
  nameRoute(res, found.template);
  if (req.method !== "GET" && req.method !== "HEAD") {
    sendProblem(res, { status: 405, detail: `expected GET or HEAD, came ${req.method}`, headers: { allow: "GET, HEAD" } });
    return Promise.resolve();
  }
  // `async`, so that an error thrown before the first await is a rejection too.
  return (async () => found.answer(res, backend, options, new URLSearchParams(search)))();
}

type Answer = (res: ServerResponse, backend: Backend, options: FrontOptions, query: URLSearchParams) => Promise<void>;

const ROUTES: Readonly<Record<string, Answer>> = {
  "/metrics": (res, backend, { fleetSeriesLimit }, query) => scrapeAll(res, backend, query, fleetSeriesLimit),
  "/sd": (res, backend, { advertise }) =>
    sendBody(res, "application/json", JSON.stringify(targetGroups(backend.snapshot(), targetAddress(res.req, advertise)))),
  "/-/healthy": (res) => sendBody(res, TEXT, "fastpathd is Healthy.\n"),
  "/-/ready": (res) => sendBody(res, TEXT, "fastpathd is Ready.\n"),
};

function find(path: string): { readonly template: string; readonly answer: Answer } | null {
  const answer = Object.hasOwn(ROUTES, path) ? ROUTES[path] : undefined;
  if (answer !== undefined) return { template: path, answer };
  const host = HOST_METRICS.exec(path)?.[1];
  return host === undefined
    ? null
    : { template: "/hosts/{host}/metrics", answer: (res, backend) => scrapeHost(res, backend, decoded(host)) };
}

/** A name as it was before it went into a path; one that is not encoded well names no host. */
function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
