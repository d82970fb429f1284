/** The API, the page and the calls that change something: an express application. */
import express, { type Express, type NextFunction, type Request, type Response } from "express";
import type { Access } from "./access.ts";
import { API_CALLS } from "./api.ts";
import type { ApiCall } from "./api-call.ts";
import type { Backend } from "./backend.ts";
import { openApiDocument } from "./openapi.ts";
import { PAGE_POLICY, renderPage } from "./page.ts";
import { sendProblem } from "./problem.ts";
import { readJson } from "./read-json.ts";
import { nameRoute } from "./routes.ts";
import { sendBody } from "./send.ts";

export interface AppOptions {
  readonly backend: Backend;
  readonly access: Access;
  /** Told of errors of ours; the client only learns that there was one. */
  readonly onError: (error: unknown) => void;
}

/** Builds the application; it answers every request. */
export function buildApp({ backend, access, onError }: AppOptions): Express {
  const app = express();
  app.set("etag", false).set("x-powered-by", false).set("query parser", false);
  app.use((_req, res, next) => {
    res.setHeader("x-content-type-options", "nosniff").setHeader("referrer-policy", "no-referrer");
    next();
  });
  for (const template of new Set(API_CALLS.map((call) => call.template))) {
    const calls = API_CALLS.filter((call) => call.template === template);
    app.all(template.replaceAll(/\{(\w+)\}/g, ":$1"), (req: ApiRequestOfExpress, res) => answerCall(calls, req, res, backend, access));
  }
  app.get("/api/v1/openapi.json", (_req, res) => {
    nameRoute(res, "/api/v1/openapi.json");
    return sendJson(res, openApiDocument(backend.version));
  });
  app.get("/", (req, res) => answerPage(req, res, backend, access));
  app.use((req, res) => sendProblem(res, { status: 404, detail: `nothing is at ${req.path}; /api/v1/openapi.json lists the API` }));
  app.use((error: unknown, _req: Request, res: Response, next: NextFunction) => {
    if (res.headersSent) return next(error);
    const status = statusOf(error);
    if (status >= 500) onError(error);
    return sendProblem(res, { status, detail: status >= 500 ? "an error of the daemon; its log says more" : (error as Error).message });
  });
  return app;
}

async function answerPage(req: Request, res: Response, backend: Backend, access: Access): Promise<void> {
  nameRoute(res, "/");
  const refused = access.refusePage(req);
  if (refused !== null) return sendProblem(res, refused);
  res.setHeader("content-security-policy", PAGE_POLICY);
  return sendBody(res, "text/html; charset=utf-8", renderPage(backend));
}

type ApiRequestOfExpress = Request<Record<string, string>>;

const methodsOf = ({ methods }: ApiCall): string[] => methods.flatMap((method) => (method === "GET" ? ["GET", "HEAD"] : [method]));

/** Answers by the one of the calls of a template that has the method. */
async function answerCall(
  calls: readonly ApiCall[],
  req: ApiRequestOfExpress,
  res: Response,
  backend: Backend,
  access: Access,
): Promise<void> {
  nameRoute(res, calls[0]?.template ?? "other");
  const call = calls.find((one) => methodsOf(one).includes(req.method));
  if (call === undefined) {
    const allowed = calls.flatMap(methodsOf);
    const detail = `expected ${allowed.join(" or ")}, came ${req.method}`;
    return sendProblem(res, { status: 405, detail, headers: { allow: allowed.join(", ") } });
  }
  const refused = call.changes ? access.refuseChange(req) : null;
  if (refused !== null) return sendProblem(res, refused);
  const query = new URLSearchParams(req.url.split("?", 2)[1]);
  const read = call.takes === undefined ? { value: undefined } : await readJson(req);
  if ("problem" in read) return sendProblem(res, read.problem);
  const gone = new AbortController();
  res.once("close", () => gone.abort());
  const answer = await call.answer({ backend, parameters: req.params, query, body: read.value, signal: gone.signal });
  if (gone.signal.aborted) return undefined;
  return "problem" in answer ? sendProblem(res, answer.problem) : sendJson(res, answer.body);
}

const sendJson = (res: Response, body: unknown): Promise<void> => sendBody(res, "application/json", `${JSON.stringify(body)}\n`);

/** Errors of the framework (a path that is not encoded well) carry a status of theirs. */
function statusOf(error: unknown): number {
  const status = (error as { status?: unknown } | null)?.status;
  return typeof status === "number" && status >= 400 && status < 600 ? status : 500;
}
