/**
 * Reads one file of the configuration into parts that remember where they stand. All issues of
 * the file are reported; parts without an issue are still handed on, so that errors which only
 * the whole configuration shows (a name twice, a cohort that is not defined) come in the same list.
 */
import type * as z from "zod";
import type { ConfigError, KeyPath } from "./error.ts";
import { fleetFileSchema, type GroupInput, groupSchema, type OverrideInput, overrideSchema } from "./fleet-schema.ts";
import type { HostSpecPatch } from "./host-schema.ts";
import { issuesOf } from "./issues.ts";
import { type ConfigMap, isMap, ownValue } from "./merge.ts";
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
  /** Names of groups, also of those that have an error elsewhere. */
  readonly groupNames: readonly Placed<string>[];
  /** Top-level keys with an error below them. */
  readonly broken: ReadonlySet<string>;
  readonly errors: readonly ConfigError[];
}

/** Checks one file against its schema and takes it apart. */
export function readParts(source: Source, schema: z.ZodType): FileParts {
  const root = source.value ?? {};
  const issues = source.value === undefined ? [] : issuesOf(schema, root);
  const map = isMap(root) ? root : {};
  return {
    seed: valid(fleetFileSchema.shape.seed, ownValue(map, "seed")),
    epoch: valid(fleetFileSchema.shape.epoch, ownValue(map, "epoch")),
    cohorts: placed(source, fleetFileSchema.shape.cohorts, map, "cohorts"),
    defaults: placed(source, fleetFileSchema.shape.defaults, map, "defaults"),
    groups: placedItems(source, groupSchema, map, "groups"),
    overrides: placedItems(source, overrideSchema, map, "overrides"),
    groupNames: groupNames(source, map),
    broken: new Set(issues.map(({ path }) => String(path[0] ?? ""))),
    errors: [...source.errors, ...issues.map(({ path, at, ...rest }) => source.error(path, at, rest))],
  };
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

function groupNames(source: Source, map: ConfigMap): Placed<string>[] {
  return listAt(map, "groups").flatMap((group, index) => {
    const name = isMap(group) ? ownValue(group, "name") : undefined;
    return typeof name === "string" ? [{ value: name, source, path: ["groups", index, "name"] }] : [];
  });
}
