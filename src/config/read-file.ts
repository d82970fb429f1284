/**
 * Reads one file of the configuration into parts that remember where they stand. All issues of
 * the file are reported; parts without an issue are still handed on, so that errors which only
 * the whole configuration shows (a name twice, a cohort that is not defined) come in the same list.
 */
import type * as z from "zod";
import type { ConfigError, KeyPath } from "./error.ts";
import {
  fleetFileSchema,
  type GroupInput,
  groupSchema,
  type OverrideInput,
  overrideSchema,
  type ScheduleInput,
  scheduleSchema,
} from "./fleet-schema.ts";
import type { HostSpecPatch } from "./host-schema.ts";
import { issuesOf, type Issue } from "./issues.ts";
import { type Match, matchSchema } from "./match-schema.ts";
import { type ConfigMap, isMap, ownValue } from "./merge.ts";
import { type OwnNames, unknownNames } from "./own.ts";
import type { Source } from "./source.ts";

/** A part of a file, valid by itself, and its path there. */
export interface Placed<T> {
  readonly value: T;
  readonly source: Source;
  readonly path: KeyPath;
}

export interface FileParts {
  readonly seed: number | null | undefined;
  readonly epoch: string | null | undefined;
  readonly cohorts: Placed<Readonly<Record<string, number | null>>> | undefined;
  readonly defaults: Placed<HostSpecPatch> | undefined;
  readonly groups: readonly Placed<GroupInput>[];
  readonly overrides: readonly Placed<OverrideInput>[];
  readonly schedules: readonly Placed<ScheduleInput>[];
  /** Names of groups and matches of overrides, also of those that have an error elsewhere. */
  readonly groupNames: readonly Placed<string>[];
  readonly matches: readonly Placed<Match>[];
  /** Top-level keys with an error below them; `all` when the file could not be read. */
  readonly broken: ReadonlySet<string> | "all";
  readonly errors: readonly ConfigError[];
}

/**
 * Checks one file against its schema and takes it apart.
 * @param names every kernel and workload that a specification may name.
 */
export function readParts(source: Source, schema: z.ZodType, names: OwnNames): FileParts {
  const root = source.value ?? {};
  const map = isMap(root) ? root : {};
  const unknown = unknownNamesOf(map, names);
  const issues = source.value === undefined ? [] : [...issuesOf(schema, root), ...unknown];
  const sound = <T>(part: Placed<T>): boolean => !unknown.some(({ path }) => part.path.every((step, i) => path[i] === step));
  const defaults = placed(source, fleetFileSchema.shape.defaults, map, "defaults");
  return {
    seed: valid(fleetFileSchema.shape.seed, ownValue(map, "seed")),
    epoch: valid(fleetFileSchema.shape.epoch, ownValue(map, "epoch")),
    cohorts: placed(source, fleetFileSchema.shape.cohorts, map, "cohorts"),
    defaults: defaults !== undefined && sound(defaults) ? defaults : undefined,
    groups: placedItems(source, groupSchema, map, "groups").filter(sound),
    overrides: placedItems(source, overrideSchema, map, "overrides").filter(sound),
    schedules: placedItems(source, scheduleSchema, map, "schedules").filter(sound),
    groupNames: placedKeys(source, groupSchema.shape.name, map, "groups", "name"),
    matches: placedKeys(source, matchSchema, map, "overrides", "match"),
    broken: source.value === undefined ? "all" : new Set(issues.map(({ path }) => String(path[0] ?? ""))),
    errors: [...source.errors, ...issues.map(({ path, at, words }) => source.error(path, at, words))],
  };
}

/** Wherever a file says a host specification: the names of kernels and workloads that nobody has. */
function unknownNamesOf(map: ConfigMap, names: OwnNames): Issue[] {
  const sets = listAt(map, "overrides").map((item) => (isMap(item) ? ownValue(item, "set") : undefined));
  const schedules = listAt(map, "schedules").map((item) => (isMap(item) ? ownValue(item, "override") : undefined));
  return [
    ...schedules.flatMap((item, i) =>
      unknownNames(isMap(item) ? ownValue(item, "set") : undefined, ["schedules", i, "override", "set"], names),
    ),
    ...unknownNames(ownValue(map, "defaults"), ["defaults"], names),
    ...listAt(map, "groups").flatMap((item, i) => unknownNames(item, ["groups", i], names)),
    ...sets.flatMap((set, i) => unknownNames(set, ["overrides", i, "set"], names)),
  ];
}

function valid<T extends z.ZodType>(schema: T, value: unknown): z.output<T> | undefined {
  const result = schema.safeParse(value);
  return result.success ? result.data : undefined;
}

function placed<T extends z.ZodType>(source: Source, schema: T, map: ConfigMap, key: string): Placed<NonNullable<z.output<T>>> | undefined {
  const value = valid(schema, ownValue(map, key));
  return value === undefined || value === null ? undefined : { value, source, path: [key] };
}

const listAt = (map: ConfigMap, key: string): readonly unknown[] => {
  const list = ownValue(map, key);
  return Array.isArray(list) ? list : [];
};

function placedItems<T extends z.ZodType>(source: Source, schema: T, map: ConfigMap, key: string): Placed<z.output<T>>[] {
  return listAt(map, key).flatMap((item, index) => {
    const result = schema.safeParse(item);
    return result.success ? [{ value: result.data, source, path: [key, index] }] : [];
  });
}

/** One key of each item of a list. */
function placedKeys<T extends z.ZodType>(source: Source, schema: T, map: ConfigMap, list: string, key: string): Placed<z.output<T>>[] {
  return listAt(map, list).flatMap((item, index) => {
    const result = schema.safeParse(isMap(item) ? ownValue(item, key) : undefined);
    return result.success ? [{ value: result.data, source, path: [list, index, key] }] : [];
  });
}
