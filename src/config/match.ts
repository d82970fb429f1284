/**
 * Which hosts an override is for. Kernel, CPU and scenario are those of the host's group, before
 * any override: else an override of the kernel would change who it is for.
 */
import type { Match } from "./match-schema.ts";
import { NO_COHORT } from "./cohorts.ts";
import { globMatches } from "./glob.ts";

/** What is the same for every host of a group. */
export interface GroupFacts {
  readonly group: string;
  readonly zone: string;
  readonly kernel: string;
  readonly cpu: string;
  readonly scenario: string;
}

const GROUP_KEYS = ["group", "zone", "kernel", "cpu", "scenario"] as const;

const anyMatches = (patterns: readonly string[], text: string): boolean => patterns.some((pattern) => globMatches(pattern, text));

/** True when the keys of `match` that speak of groups all fit. */
export function matchesGroup(match: Match, facts: GroupFacts): boolean {
  return GROUP_KEYS.every((key) => {
    const patterns = match[key];
    return patterns === undefined || anyMatches(patterns, facts[key]);
  });
}

/**
 * True when the keys of `match` that speak of single hosts all fit.
 * @param cohorts every cohort that holds the host, not only the smallest: a host of the 10 % is one of the 50 % too.
 */
export function matchesHost(match: Match, host: string, cohorts: readonly string[]): boolean {
  return (match.host === undefined || anyMatches(match.host, host)) && matchesCohort(match, cohorts);
}

/** The same for a host whose name is known to fit. */
export function matchesCohort(match: Match, cohorts: readonly string[]): boolean {
  if (match.cohort === undefined) return true;
  const patterns = match.cohort;
  return cohorts.length === 0 ? anyMatches(patterns, NO_COHORT) : cohorts.some((cohort) => anyMatches(patterns, cohort));
}
