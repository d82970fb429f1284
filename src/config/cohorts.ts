/**
 * Cohorts: named, stable shares of each group. A host's rank in its group is the order of a hash
 * of its name with a constant salt, so neither the seed nor a cohort's name moves a host, and a
 * larger share contains the smaller ones.
 */
import { hashText } from "../sim/random.ts";

/** A host that no cohort holds. */
export const NO_COHORT = "none";
/** The constant salt: no stream of the emulation is forked with it. */
const SALT = 0x636f_686f;

/** ceil(share × count), where a product such as 0.07 × 100 = 7.000000000000001 is 7. */
export const cohortSize = (share: number, count: number): number => Math.min(count, Math.ceil(share * count - 1e-9));

/** Rank of each host in its group; the cohort of a share is the hosts of the lowest ranks. */
export function cohortRanks(names: readonly string[]): number[] {
  const hashes = names.map((name) => hashText(name, SALT));
  const order = names.map((_, i) => i);
  const byName = (a: number, b: number): number => ((names[a] as string) < (names[b] as string) ? -1 : 1);
  order.sort((a, b) => (hashes[a] as number) - (hashes[b] as number) || byName(a, b));
  const ranks = Array.from<number>({ length: names.length });
  for (const [rank, i] of order.entries()) ranks[i] = rank;
  return ranks;
}

/** Cohorts from the smallest share to the largest; equal shares by name. */
export function sortedCohorts(cohorts: ReadonlyMap<string, number>): { name: string; share: number }[] {
  return [...cohorts].map(([name, share]) => ({ name, share })).toSorted((a, b) => a.share - b.share || (a.name < b.name ? -1 : 1));
}
