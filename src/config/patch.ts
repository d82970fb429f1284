/** Checks values that come from elsewhere than files: merge patches and selections of a call. */
import type * as z from "zod";
import { type ConfigError, dotted } from "./error.ts";
import { type Match, matchSchema } from "./fleet-schema.ts";
import { type HostSpecPatch, hostPatchSchema } from "./host-schema.ts";
import { issuesOf } from "./issues.ts";
import { findForbiddenKey } from "./merge.ts";

export type Parsed<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly errors: readonly ConfigError[] };

/** A merge patch (RFC 7396) of a host specification, normalised; null takes a key back to its default. */
export function parseHostPatch(value: unknown, from = "patch"): Parsed<HostSpecPatch> {
  return parse(hostPatchSchema, value, from);
}

/** A selection of hosts: each key a name, a glob or a list of them. */
export function parseMatch(value: unknown, from = "match"): Parsed<Match> {
  return parse(matchSchema, value, from);
}

function parse<T extends z.ZodType>(schema: T, value: unknown, file: string): Parsed<z.output<T>> {
  const nowhere = { file, line: 0, column: 0 };
  const forbidden = findForbiddenKey(value);
  if (forbidden !== null) return { ok: false, errors: [{ ...nowhere, key: dotted(forbidden), message: "this key is refused everywhere" }] };
  const result = schema.safeParse(value);
  if (result.success) return { ok: true, value: result.data };
  return { ok: false, errors: issuesOf(schema, value).map(({ path, words }) => ({ ...nowhere, key: dotted(path), ...words })) };
}
