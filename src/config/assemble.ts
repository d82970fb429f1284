/**
 * Puts the parts of all files together: maps merge, lists concatenate, groups become hosts.
 * Pure; errors and warnings are values.
 */
import type { HostPlan } from "../fleet/action.ts";
import type { ConfigError } from "./error.ts";
import type { OverrideInput, ScheduleInput } from "./fleet-schema.ts";
import type { HostSpecPatch } from "./host-schema.ts";
import { mergePatch } from "./merge.ts";
import type { Own, OwnRead } from "./own.ts";
import { type Group, groupOf, type Plan, planHosts } from "./plan.ts";
import type { FileParts, Placed } from "./read-file.ts";
import { scheduleProblems } from "./schedule-semantics.ts";
import { duplicateGroups, idleOverrides, impossibleSpecs, undefinedCohorts } from "./semantics.ts";

/** An override, where it stands and how many hosts it reaches. */
export interface LoadedOverride extends OverrideInput {
  readonly file: string;
  readonly line: number;
  /** It comes from the state directory: a call wrote it and a call can take it back. */
  readonly fromState: boolean;
  readonly hosts: number;
}

export interface LoadedConfig {
  readonly seed: number;
  /** Wall-clock start of emulated time in Unix milliseconds; null: time starts with the process. */
  readonly epoch: number | null;
  /** Shares from 0 to 1 by name. */
  readonly cohorts: ReadonlyMap<string, number>;
  /** What all groups start from, built-in defaults not included. */
  readonly defaults: HostSpecPatch;
  readonly groups: readonly Group[];
  readonly overrides: readonly LoadedOverride[];
  readonly own: Own;
  readonly schedules: readonly ScheduleInput[];
  /** Every host, in order of its group and number. */
  readonly hosts: readonly HostPlan[];
}

export interface Assembled {
  /** Of use only when there are no errors. */
  readonly config: LoadedConfig;
  readonly errors: readonly ConfigError[];
  readonly warnings: readonly ConfigError[];
}

type Part = FileParts & { readonly fromState: boolean };
type PlacedOverride = Placed<OverrideInput> & { readonly fromState: boolean };

const HOSTS_MAX = 100_000;
const SEED_DEFAULT = 1;

/**
 * Joins the files' parts into one configuration, with every error that shows on the way.
 * @param own kernels and workloads of one's own; where one of them has an error, no host is planned.
 * @param incomplete a file could not be opened: what it may have defined is not missed here.
 */
export function assemble(parts: readonly Part[], own: OwnRead, incomplete: boolean): Assembled {
  const cohorts = cohortsOf(parts);
  const defaults = parts.flatMap((part) => part.defaults ?? []);
  const groups = parts.flatMap((part) => part.groups);
  const overrides = parts.flatMap((part) => part.overrides.map((placed) => ({ ...placed, fromState: part.fromState })));
  const schedules = parts.flatMap((part) => part.schedules);
  const tooMany = tooManyHosts(groups);
  const layers = {
    cohorts,
    defaults: defaults.reduce<HostSpecPatch>((below, { value }) => mergePatch(below, value), {}),
    groups: tooMany.length > 0 || own.errors.length > 0 ? [] : groups.map(({ value }) => groupOf(value)),
    overrides: overrides.map(({ value }) => value),
    own: { kernels: own.kernels, workloads: own.workloads },
  };
  const plan = planHosts(layers);
  const broken = (key: string): boolean => incomplete || parts.some((part) => part.broken === "all" || part.broken.has(key));
  const errors = [
    ...parts.flatMap((part) => part.errors),
    ...own.errors,
    ...duplicateGroups(parts.flatMap((part) => part.groupNames)),
    ...(broken("cohorts")
      ? []
      : undefinedCohorts(
          parts.flatMap((part) => part.matches),
          cohorts,
        )),
    ...tooMany,
    ...(broken("defaults") ? [] : impossibleSpecs(plan, defaults, groups, overrides)),
  ];
  errors.push(...(errors.length > 0 ? [] : scheduleProblems(schedules, layers, plan.hosts)));
  const epoch = lastSaid(parts.map((part) => part.epoch));
  const config = {
    ...layers,
    seed: lastSaid(parts.map((part) => part.seed)) ?? SEED_DEFAULT,
    epoch: epoch === null ? null : Date.parse(epoch),
    overrides: loadedOverrides(overrides, plan),
    schedules: schedules.map(({ value }) => value),
    hosts: plan.hosts,
  };
  return { config, errors, warnings: [...idleOverrides(overrides, plan), ...own.warnings] };
}

/** The value of the last file that says one; a null there takes the key back to its default. */
function lastSaid<T>(values: readonly (T | null | undefined)[]): T | null {
  return values.findLast((value) => value !== undefined) ?? null;
}

function cohortsOf(parts: readonly Part[]): Map<string, number> {
  const cohorts = new Map<string, number>();
  for (const part of parts) {
    for (const [name, share] of Object.entries(part.cohorts?.value ?? {})) {
      if (share === null) cohorts.delete(name);
      else cohorts.set(name, share);
    }
  }
  return cohorts;
}

function tooManyHosts(groups: FileParts["groups"]): ConfigError[] {
  let total = 0;
  for (const { value, source, path } of groups) {
    total += value.count;
    if (total <= HOSTS_MAX) continue;
    const message = `expected at most ${HOSTS_MAX} hosts in all groups together, came ${total} up to this one`;
    return [source.error([...path, "count"], "value", { message, expected: `at most ${HOSTS_MAX} hosts`, came: String(total) })];
  }
  return [];
}

function loadedOverrides(overrides: readonly PlacedOverride[], plan: Plan): LoadedOverride[] {
  return overrides.map(({ value, source, path, fromState }, o) => {
    const { line } = source.position(path, "value");
    return { ...value, file: source.file, line, fromState, hosts: plan.matched[o] ?? 0 };
  });
}
