/**
 * Errors that only the whole configuration shows: a name twice, a cohort that is not defined,
 * guests that do not fit their host. And warnings: overrides that match nothing.
 */
import { NO_COHORT } from "./cohorts.ts";
import type { ConfigError, KeyPath } from "./error.ts";
import type { OverrideInput } from "./fleet-schema.ts";
import type { Match } from "./match-schema.ts";
import { isGlob } from "./glob.ts";
import { isMap, ownValue } from "./merge.ts";
import type { Plan } from "./plan.ts";
import type { Placed } from "./read-file.ts";
import { specProblems } from "./resolve-spec.ts";
import { nearest } from "./suggest.ts";

/** Groups of the same name, over all files; the second one is the error. */
export function duplicateGroups(names: readonly Placed<string>[]): ConfigError[] {
  const first = new Map<string, Placed<string>>();
  return names.flatMap((placed) => {
    const { value, source, path } = placed;
    const before = first.get(value);
    if (before === undefined) {
      first.set(value, placed);
      return [];
    }
    const { line } = before.source.position(before.path, "value");
    const message = `expected a name of its own, came ${JSON.stringify(value)}, which ${before.source.file}:${line} has`;
    return [source.error(path, "value", { message, expected: "a name of its own", came: JSON.stringify(value) })];
  });
}

/** Cohorts that a match names (not as a glob) and nobody defined. */
export function undefinedCohorts(matches: readonly Placed<Match>[], cohorts: ReadonlyMap<string, number>): ConfigError[] {
  const known = [...cohorts.keys(), NO_COHORT];
  return matches.flatMap(({ value, source, path }) =>
    (value.cohort ?? [])
      .filter((cohort) => !isGlob(cohort) && !known.includes(cohort))
      .map((came) => {
        const suggestion = nearest(came, known);
        const expected = `a cohort that is defined (${known.join(", ")})`;
        const parts = { message: `expected ${expected}, came ${JSON.stringify(came)}`, expected, came: JSON.stringify(came) };
        return source.error([...path, "cohort"], "value", { ...parts, ...(suggestion === undefined ? {} : { suggestion }) });
      }),
  );
}

/** Specifications that cannot be emulated, each reported once, where its key was last set. */
export function impossibleSpecs(
  plan: Plan,
  defaults: readonly Placed<unknown>[],
  groups: readonly Placed<unknown>[],
  overrides: readonly Placed<OverrideInput>[],
): ConfigError[] {
  return plan.specs.flatMap(({ spec, group, overrides: applied, host }) => {
    const body = groups[group] as Placed<unknown>;
    const changes = applied.map((o) => overrides[o] as Placed<OverrideInput>);
    const sets = changes.map(setOf);
    const who = `host ${host}${changes.length > 0 ? `, with the override of ${changes.map(placeOf).join(", ")}` : ""}`;
    return specProblems(spec).map((problem) => {
      const layer = layerOf([...defaults, body, ...sets], problem.path) ?? body;
      return layer.source.error([...layer.path, ...problem.path], "value", { message: `${who}: ${problem.message}` });
    });
  });
}

const placeOf = ({ source, path }: Placed<unknown>): string => `${source.file}:${source.position(path, "value").line}`;

const setOf = ({ value, source, path }: Placed<OverrideInput>): Placed<unknown> => ({ value: value.set, source, path: [...path, "set"] });

/** The last of the layers that say most of a path. */
function layerOf(layers: readonly Placed<unknown>[], path: KeyPath): Placed<unknown> | undefined {
  let best: Placed<unknown> | undefined;
  let bestDepth = 1;
  for (const layer of layers) {
    const depth = depthOf(layer.value, path);
    if (depth >= bestDepth) {
      best = layer;
      bestDepth = depth;
    }
  }
  return best;
}

/** How many steps of a path a value has. */
function depthOf(value: unknown, path: KeyPath): number {
  let here = value;
  for (const [depth, part] of path.entries()) {
    here = isMap(here) ? ownValue(here, String(part)) : Array.isArray(here) ? (here as unknown[])[Number(part)] : undefined;
    if (here === undefined) return depth;
  }
  return path.length;
}

/** Overrides that no host matches: allowed, as hosts come and go, but rarely meant. */
export function idleOverrides(overrides: readonly Placed<OverrideInput>[], plan: Plan): ConfigError[] {
  return overrides.flatMap(({ source, path }, o) =>
    plan.matched[o] === 0 ? [source.error([...path, "match"], "value", { message: "matches no host" })] : [],
  );
}
