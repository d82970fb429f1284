/**
 * Which overrides apply to a host, without asking each override about each host: what a match
 * says of groups is asked once a group, and overrides of single hosts by name are looked up, as a
 * fleet of ten thousand hosts may have thousands of them, or one of thousands of names.
 */
import type { Match } from "./match-schema.ts";
import { isGlob } from "./glob.ts";
import { type GroupFacts, matchesCohort, matchesGroup, matchesHost } from "./match.ts";

/** Indexes of the overrides that apply, in their order. */
export type OverridesOfHost = (host: string, cohorts: readonly string[]) => readonly number[];

/** Prepares the overrides for the hosts of one group. */
export function overridesOfGroup(matches: readonly Match[], facts: GroupFacts): OverridesOfHost {
  const general: number[] = [];
  const byHost = new Map<string, number[]>();
  for (const [o, match] of matches.entries()) {
    if (!matchesGroup(match, facts)) continue;
    if (match.host === undefined || match.host.some(isGlob)) general.push(o);
    else for (const host of new Set(match.host)) byHost.set(host, [...(byHost.get(host) ?? []), o]);
  }
  return (host, cohorts) => {
    const applied = general.filter((o) => matchesHost(matches[o] as Match, host, cohorts));
    const own = byHost.get(host)?.filter((o) => matchesCohort(matches[o] as Match, cohorts));
    return own === undefined ? applied : [...applied, ...own].toSorted((a, b) => a - b);
  };
}
