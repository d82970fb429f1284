/** A call of the API: what it takes, and what it answers. */
import type { Backend } from "./backend.ts";
import type { Problem } from "./problem.ts";

export interface ApiRequest {
  readonly backend: Backend;
  readonly parameters: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  /** Of a call that takes one: the JSON body. */
  readonly body: unknown;
  /** Whoever asked is gone. */
  readonly signal: AbortSignal;
}

/** An answer, or what is wrong. */
export type ApiAnswer = { readonly body: unknown } | { readonly problem: Problem };

export interface ApiCall {
  readonly methods: readonly ("GET" | "POST" | "PUT" | "DELETE")[];
  /** Path with `{parameters}`; other calls may share it, with other methods. */
  readonly template: string;
  readonly summary: string;
  /** Needs the token, and is refused to foreign pages and names. */
  readonly changes: boolean;
  /** Statuses beside 200 that it may answer. */
  readonly problems: readonly number[];
  /** JSON Schema of the body, for a call that takes one. */
  readonly takes?: () => Readonly<Record<string, unknown>>;
  readonly answer: (request: ApiRequest) => ApiAnswer | Promise<ApiAnswer>;
}
