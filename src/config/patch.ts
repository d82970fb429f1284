/** Checks values that come from elsewhere than files: merge patches and selections of a call. */
import type * as z from "zod";
import { type ConfigError, dotted, type ErrorWords, type KeyPath } from "./error.ts";
import { type HostSpecPatch, hostPatchSchema } from "./host-schema.ts";
import { issuesOf } from "./issues.ts";
import { type Match, matchSchema } from "./match-schema.ts";
import { findForbiddenKey } from "./merge.ts";
import { CATALOGUE_NAMES, type OwnNames, unknownNames } from "./own.ts";

export type Parsed<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly errors: readonly ConfigError[] };

/**
 * A merge patch (RFC 7396) of a host specification, normalised; null takes a key back to its default.
 * @param names every kernel and workload that it may name.
 */
export function parseHostPatch(value: unknown, from = "patch", names: OwnNames = CATALOGUE_NAMES): Parsed<HostSpecPatch> {
  const parsed = parseWith(hostPatchSchema, value, from);
  const unknown = parsed.ok ? unknownNames(parsed.value, [], names) : [];
  return unknown.length === 0 ? parsed : { ok: false, errors: unknown.map(({ path, words }) => errorAt(from, path, words)) };
}

/** A selection of hosts: each key a name, a glob or a list of them. */
export function parseMatch(value: unknown, from = "match"): Parsed<Match> {
  return parseWith(matchSchema, value, from);
}

/** Checks a value by a schema. */
export function parseWith<T extends z.ZodType>(schema: T, value: unknown, file: string): Parsed<z.output<T>> {
  const forbidden = findForbiddenKey(value);
  if (forbidden !== null) return { ok: false, errors: [errorAt(file, forbidden, { message: "this key is refused everywhere" })] };
  const result = schema.safeParse(value);
  if (result.success) return { ok: true, value: result.data };
  return { ok: false, errors: issuesOf(schema, value).map(({ path, words }) => errorAt(file, path, words)) };
}

const errorAt = (file: string, path: KeyPath, words: ErrorWords): ConfigError => ({
  file,
  line: 0,
  column: 0,
  key: dotted(path),
  ...words,
});
