/** Errors as `application/problem+json` (RFC 9457): a status, a title, and a sentence that helps. */
import { STATUS_CODES, type ServerResponse } from "node:http";

export interface Problem {
  readonly status: number;
  /** One sentence: what was expected, what came. */
  readonly detail: string;
  /** Further members of the document. */
  readonly more?: Readonly<Record<string, unknown>>;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Answers with a problem; the body is left out where the method wants none. */
export function sendProblem(res: ServerResponse, { status, detail, more, headers }: Problem): void {
  const title = STATUS_CODES[status] ?? "Error";
  const body = Buffer.from(`${JSON.stringify({ type: "about:blank", title, status, detail, ...more })}\n`);
  const length = { "content-length": body.length };
  res.writeHead(status, { "content-type": "application/problem+json", "cache-control": "no-store", ...length, ...headers });
  res.end(res.req.method === "HEAD" ? undefined : body);
}
