/**
 * The overrides that calls made, kept in the state directory so that a toggle outlives a
 * restart. A new patch must win over everything before it, and must not bring back older keys
 * of the same match: so each key of a match stands once, at the place where it was said last.
 */
import { mkdir, open, rename } from "node:fs/promises";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { stringify } from "yaml";
import { STATE_FILE } from "./files.ts";
import type { OverrideInput } from "./fleet-schema.ts";
import type { Match } from "./match-schema.ts";
import type { HostSpecPatch } from "./host-schema.ts";
import { type ConfigMap, isMap, mergePatch, ownValue } from "./merge.ts";

/** An override as it is stored. */
export type StateOverride = Pick<OverrideInput, "match" | "reason"> & { readonly set: HostSpecPatch };

/** Adds a patch: to the entry of the same match where no later entry speaks of its keys, else at the end. */
export function upsertOverride(overrides: readonly StateOverride[], patch: StateOverride): StateOverride[] {
  const rest = overrides.flatMap((entry): StateOverride[] => {
    if (!sameMatch(entry.match, patch.match)) return [entry];
    const set = without(entry.set, patch.set);
    return Object.keys(set).length === 0 ? [] : [{ ...entry, set }];
  });
  const own = rest.findLastIndex((entry) => sameMatch(entry.match, patch.match));
  const isFree = own >= 0 && rest.slice(own).every((entry) => !overlap(entry.set, patch.set));
  if (!isFree) return [...rest, patch];
  return rest.map((entry, i) => (i === own ? { ...entry, ...patch, set: mergePatch(entry.set, patch.set) } : entry));
}

/** Takes everything back that was said for a match. */
export function removeOverrides(overrides: readonly StateOverride[], match: Match): StateOverride[] {
  return overrides.filter((entry) => !sameMatch(entry.match, match));
}

/** The same keys with the same sets of patterns. */
function sameMatch(a: Match, b: Match): boolean {
  return isDeepStrictEqual(normalised(a), normalised(b));
}

const normalised = (match: Match): Record<string, string[]> =>
  Object.fromEntries(Object.entries(match).flatMap(([key, patterns]) => (patterns === undefined ? [] : [[key, patterns.toSorted()]])));

/** `set` without the keys of `patch`, whatever stands below them. */
function without(set: ConfigMap, patch: ConfigMap): ConfigMap {
  return Object.fromEntries(
    Object.entries(set).flatMap(([key, value]) => {
      const said = ownValue(patch, key);
      if (said === undefined) return [[key, value]];
      if (!isMap(said) || !isMap(value)) return isMap(said) ? [[key, value]] : [];
      const below = without(value, said);
      return Object.keys(below).length === 0 ? [] : [[key, below]];
    }),
  );
}

/** True when both speak of a key, or one of a map that holds the other's. */
function overlap(a: ConfigMap, b: ConfigMap): boolean {
  return Object.entries(a).some(([key, value]) => {
    const other = ownValue(b, key);
    if (other === undefined) return false;
    return isMap(value) && isMap(other) ? overlap(value, other) : true;
  });
}

/** The text of the state file. */
export function renderState(overrides: readonly StateOverride[]): string {
  return `# Written by fastpathd: what calls changed. Later entries win.\n${stringify({ overrides })}`;
}

/** Writes the state file so that a reader, or a crash, sees the old one or the new one. */
export async function writeState(stateDir: string, text: string): Promise<void> {
  await mkdir(stateDir, { recursive: true });
  const path = join(stateDir, STATE_FILE);
  const file = await open(`${path}.new`, "w");
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(`${path}.new`, path);
}
