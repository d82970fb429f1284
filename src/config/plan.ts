/**
 * From groups and overrides to hosts: names, cohorts, and each host's complete specification
 * (defaults, then group, then overrides in order). Hosts of equal specification share one
 * object, so ten thousand hosts cost a handful of specifications.
 */
import type { HostPlan } from "../fleet/action.ts";
import type { HostSpec } from "../kvm/host-spec.ts";
import { kernelNameOf } from "../kvm/kernel-choice.ts";
import { cohortRanks, cohortSize, NO_COHORT, sortedCohorts } from "./cohorts.ts";
import { completeHostSpec } from "./defaults.ts";
import type { GroupInput } from "./fleet-schema.ts";
import type { HostSpecPatch } from "./host-schema.ts";
import type { GroupFacts } from "./match.ts";
import type { Match } from "./match-schema.ts";
import { mergePatch } from "./merge.ts";
import { overridesOfGroup } from "./override-index.ts";
import type { Own } from "./own.ts";

/** A group of hosts with what its body says of them. */
export interface Group {
  readonly name: string;
  readonly count: number;
  readonly zone: string;
  readonly labels: Readonly<Record<string, string>>;
  /** The body's host keys; the defaults of the fleet are not in it. */
  readonly spec: HostSpecPatch;
}

/** What the planning needs of an override. */
export interface PlannedOverride {
  readonly match: Match;
  readonly set: HostSpecPatch;
}

export interface PlanInput {
  readonly cohorts: ReadonlyMap<string, number>;
  readonly defaults: HostSpecPatch;
  readonly groups: readonly Group[];
  readonly overrides: readonly PlannedOverride[];
  /** Kernels and workloads of one's own that specifications may name. */
  readonly own?: Own;
}

/** One distinct specification and where it comes from. */
export interface SpecOrigin {
  readonly spec: HostSpec;
  /** Index of the first group that has it, and of the overrides that apply there. */
  readonly group: number;
  readonly overrides: readonly number[];
  /** The first host that has it. */
  readonly host: string;
}

export interface Plan {
  readonly hosts: readonly HostPlan[];
  readonly specs: readonly SpecOrigin[];
  /** Hosts that each override matches. */
  readonly matched: readonly number[];
}

const ZONE_DEFAULT = "default";

/** Separates a group's own keys from its host specification. */
export function groupOf({ name, count, zone, labels, ...spec }: GroupInput): Group {
  return { name, count, zone: zone ?? ZONE_DEFAULT, labels: labels ?? {}, spec };
}

/** `web-001`; numbers above 999 are wider, so that a group that grows renames no host. */
export const hostName = (group: string, index: number): string => `${group}-${String(index + 1).padStart(3, "0")}`;

/**
 * Expands a configuration that has no errors in it.
 * @param onMatch told of each host that an override reaches, by the override's index and the host's.
 */
export function planHosts(input: PlanInput, onMatch?: (override: number, host: number) => void): Plan {
  const hosts: HostPlan[] = [];
  const specs = new Map<string, SpecOrigin>();
  const matched = input.overrides.map(() => 0);
  const matches = input.overrides.map(({ match }) => match);
  const cohorts = sortedCohorts(input.cohorts);
  for (const [index, group] of input.groups.entries()) {
    const specFor = specsOfGroup(input, index, specs);
    const names = Array.from({ length: group.count }, (_, i) => hostName(group.name, i));
    const ranks = cohortRanks(names);
    const overridesOf = overridesOfGroup(matches, factsOf(group, input));
    const sizes = cohorts.map(({ share }) => cohortSize(share, names.length));
    for (const [i, name] of names.entries()) {
      const holding = cohorts.flatMap((cohort, c) => ((ranks[i] as number) < (sizes[c] as number) ? [cohort.name] : []));
      const applied = overridesOf(name, holding);
      for (const o of applied) {
        matched[o] = (matched[o] as number) + 1;
        onMatch?.(o, hosts.length);
      }
      const { zone, labels } = group;
      hosts.push({ name, group: group.name, zone, labels, cohort: holding[0] ?? NO_COHORT, spec: specFor(applied, name) });
    }
  }
  return { hosts, specs: [...specs.values()], matched };
}

function factsOf(group: Group, { defaults, own }: PlanInput): GroupFacts {
  const { kernel, cpu, scenario } = completeHostSpec(mergePatch(defaults, group.spec), own);
  return { group: group.name, zone: group.zone, kernel: kernelNameOf(kernel), cpu, scenario };
}

/** The specification of a group's hosts by the overrides that apply, each made once. */
function specsOfGroup(
  input: PlanInput,
  group: number,
  specs: Map<string, SpecOrigin>,
): (applied: readonly number[], host: string) => HostSpec {
  const byOverrides = new Map<string, HostSpec>();
  return (applied, host) => {
    const key = applied.join(",");
    const known = byOverrides.get(key);
    if (known !== undefined) return known;
    const body = mergePatch(input.defaults, (input.groups[group] as Group).spec);
    const patch = applied.reduce((below, o) => mergePatch(below, (input.overrides[o] as PlannedOverride).set), body);
    const spec = completeHostSpec(patch, input.own);
    const content = JSON.stringify(spec);
    const origin = specs.get(content) ?? { spec, group, overrides: applied, host };
    specs.set(content, origin);
    byOverrides.set(key, origin.spec);
    return origin.spec;
  };
}
