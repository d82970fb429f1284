/**
 * The HTTP server: bounds on what a client may ask of it, the plain handler in front, the
 * application behind, and a count of every answer.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { SCRAPE_ROUTES, type ScrapeRoute } from "../metrics/daemon-stats.ts";
import { Access, type AccessOptions } from "./access.ts";
import { buildApp } from "./app.ts";
import type { Backend } from "./backend.ts";
import { answerFront, type FrontOptions } from "./front.ts";
import { sendProblem } from "./problem.ts";
import { routeOf } from "./routes.ts";

export interface ServerOptions extends AccessOptions, FrontOptions {
  readonly backend: Backend;
  readonly onError: (error: unknown) => void;
}

const BOUNDS = {
  maxHeaderSize: 16 * 1024,
  headersTimeout: 10_000,
  /** For a request to arrive as a whole. */
  requestTimeout: 30_000,
  connectionsCheckingInterval: 5000,
  /** Longer than the usual scrape intervals, so that a scrape finds its connection open. */
  keepAliveTimeout: 90_000,
} as const;
const HEADERS_MAX = 100;
const CONNECTIONS_MAX = 4096;
/** A client that takes nothing for so long is gone. */
const STALLED_MS = 60_000;
const BODY_BYTES_MAX = 64 * 1024;
const METHODS = new Set(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]);

/** Builds the server; `listen` and `close` are the caller's. */
export function buildServer(options: ServerOptions): Server {
  const { backend, onError } = options;
  const app = buildApp({ backend, access: new Access(options), onError });
  const server = createServer(BOUNDS, (req, res) => {
    count(req, res, backend);
    if (refuseBody(req, res)) return;
    const answered = answerFront(req, res, backend, options);
    if (answered === null) app(req, res);
    else answered.catch((error: unknown) => fail(res, error, onError));
  });
  server.maxHeadersCount = HEADERS_MAX;
  server.maxConnections = CONNECTIONS_MAX;
  server.setTimeout(STALLED_MS);
  return server;
}

/** A body that is announced too large, or without its length, is not read at all. */
function refuseBody(req: IncomingMessage, res: ServerResponse): boolean {
  const length = Number(req.headers["content-length"] ?? 0);
  const lengthIsKnown = req.headers["transfer-encoding"] === undefined;
  if (lengthIsKnown && length <= BODY_BYTES_MAX) return false;
  const came = lengthIsKnown ? `${length}` : "one without Content-Length";
  const detail = `expected a body of at most ${BODY_BYTES_MAX} bytes, came ${came}`;
  sendProblem(res, { status: lengthIsKnown ? 413 : 411, detail, headers: { connection: "close" } });
  return true;
}

function fail(res: ServerResponse, error: unknown, onError: (error: unknown) => void): void {
  onError(error);
  if (res.headersSent) res.destroy();
  else sendProblem(res, { status: 500, detail: "an error of the daemon; its log says more" });
}

function count(req: IncomingMessage, res: ServerResponse, { stats }: Backend): void {
  const start = performance.now();
  res.once("close", () => {
    const route = routeOf(res);
    const method = METHODS.has(req.method ?? "") ? (req.method as string) : "other";
    // Who gave up before it was answered, as a scraper does with a slow one, has no code of ours: 499 as servers log it.
    stats.countRequest({ route, method, code: res.headersSent ? String(res.statusCode) : "499" });
    if (!isScrape(route) || method !== "GET" || res.statusCode !== 200 || !res.headersSent) return;
    stats.scrapeSeconds[route].observe((performance.now() - start) / 1000);
  });
}

const isScrape = (route: string): route is ScrapeRoute => (SCRAPE_ROUTES as readonly string[]).includes(route);
