/** Reads a request's JSON body; the server has bounded its length before. */
import type { IncomingMessage } from "node:http";
import type { Problem } from "./problem.ts";

const JSON_TYPES = /^application\/(?:json|merge-patch\+json)\s*(?:;|$)/i;

export type JsonBody = { readonly value: unknown } | { readonly problem: Problem };

/** The body's value, or what is wrong with it. */
export async function readJson(req: IncomingMessage): Promise<JsonBody> {
  const type = req.headers["content-type"] ?? "";
  if (!JSON_TYPES.test(type)) {
    return { problem: { status: 415, detail: `expected Content-Type application/json, came ${type === "" ? "none" : type}` } };
  }
  try {
    const parts: Buffer[] = [];
    for await (const part of req) parts.push(part as Buffer);
    return { value: JSON.parse(Buffer.concat(parts).toString("utf8")) as unknown };
  } catch (error) {
    return { problem: { status: 400, detail: `expected a JSON body: ${(error as Error).message}` } };
  }
}
