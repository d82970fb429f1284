/**
 * Which CPUs share a core. With SMT, CPUs 2k and 2k + 1 are siblings (assumed: one of the two
 * numberings that firmware uses; with it "all but CPU 0 and its sibling" of 64 CPUs is "2-63").
 */

/** Socket of a CPU: two, each with half of the CPUs, numbered through (assumed). */
export const socketOf = (cpu: number, cpus: number): number => (cpu < cpus / 2 ? 0 : 1);

/** The other hardware thread of `cpu`'s core; `undefined` without SMT, or where it does not exist. */
export function siblingOf(cpu: number, cpus: number, smt: boolean): number | undefined {
  const sibling = cpu % 2 === 0 ? cpu + 1 : cpu - 1;
  return smt && sibling < cpus ? sibling : undefined;
}
