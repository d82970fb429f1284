/** A call whose body is wrong: the first error in the sentence, all of them beside it. */
import type { ConfigError } from "../config/error.ts";
import type { Problem } from "../http/problem.ts";

export function refused(errors: readonly ConfigError[]): { readonly problem: Problem } {
  const [first] = errors;
  const rest = errors.length > 1 ? ` (and ${errors.length - 1} more)` : "";
  const hint = first?.suggestion === undefined ? "" : `; did you mean ${JSON.stringify(first.suggestion)}?`;
  return { problem: { status: 422, detail: `${first?.key}: ${first?.message}${hint}${rest}`, more: { errors } } };
}
