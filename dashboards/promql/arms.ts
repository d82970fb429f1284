/**
 * The two arms of a comparison: hosts of a cohort, and those that it is compared with. Arms are
 * compared like for like: per group (and kind of exit), weighted as in the other arm, because a small
 * cohort has other shares of the groups than the rest.
 */
import { and, minus, number, plus, ratio, sum, times, type Expression, type Matchers, type Selector } from "./expression.ts";
import type { RECORDED } from "./recorded.ts";
import { recorded } from "./scope.ts";

type Recorded = keyof typeof RECORDED;
export type Arm = "cohort" | "baseline";
export const ARMS: readonly Arm[] = ["cohort", "baseline"];

const COHORT = { cohort: "$cohort", baseline: { pattern: "$baseline", not: "$cohort" } } as const;
/** Legends of the arms. */
export const ARM_NAME = { cohort: "cohort $cohort", baseline: "compared with" } as const satisfies Record<Arm, string>;

const OTHER = { cohort: "baseline", baseline: "cohort" } as const satisfies Record<Arm, Arm>;

/**
 * Recorded series of one arm, of groups that have hosts in both: a group that lies in one arm as a whole says
 * nothing about the difference.
 */
export function inArm<Name extends Recorded>(arm: Arm, name: Name, matchers?: Matchers<Name>): Expression {
  return and(wholeArm(arm, name, matchers), wholeArm(OTHER[arm], "group:kvm_host_vcpus:sum"), ["group"]);
}

const wholeArm = <Name extends Recorded>(arm: Arm, name: Name, matchers?: Matchers<Name>): Selector =>
  recorded(name, { ...matchers, cohort: COHORT[arm] } as unknown as Matchers<Name>);

/** An amount and what it is divided by: cycles and exits, exits and vCPUs. */
interface Quotient {
  readonly amount: (arm: Arm) => Expression;
  readonly of: (arm: Arm) => Expression;
  /** Labels within which both arms are alike. */
  readonly alike: readonly string[];
}

/** The cohort's quotient over the other's, less 1, as if the cohort had the other's shares. */
export function relative({ amount, of, alike }: Quotient, by: readonly string[] = []): Expression {
  const labels = [...alike];
  const own = ratio(sum(amount("cohort"), labels), sum(of("cohort"), labels));
  const expected = sum(times(own, sum(of("baseline"), labels), { on: labels }), by);
  const actual = sum(and(sum(amount("baseline"), labels), own, labels), by);
  return minus(ratio(expected, actual), number(1));
}

const EXIT = ["group", "reason", "msr"];

/** Cycles of an exit. */
export const EXIT_COST: Quotient = {
  amount: (arm) => inArm(arm, "group_exit:kvm_exit_cycles_sum:rate1m"),
  of: (arm) => inArm(arm, "group_exit:kvm_exits:rate1m"),
  alike: EXIT,
};
const vcpus = (arm: Arm): Expression => inArm(arm, "group:kvm_host_vcpus:sum");
export const EXITS_PER_VCPU: Quotient = { amount: (arm) => inArm(arm, "group_exit:kvm_exits:rate1m"), of: vcpus, alike: ["group"] };
export const WORK_PER_VCPU: Quotient = {
  amount: (arm) => inArm(arm, "group_workload:kvm_guest_work_cycles:rate1m"),
  of: vcpus,
  alike: ["group"],
};

const HEADLINE = { fastpath: { pattern: "preemption_timer|tsc_deadline|icr" } };
const hits = (arm: Arm, by: readonly string[]): Expression => sum(inArm(arm, "group_fastpath:kvm_fastpath_hits:rate1m", HEADLINE), by);
const capable = (arm: Arm, by: readonly string[]): Expression =>
  plus(hits(arm, by), sum(inArm(arm, "group_cause:kvm_fastpath_misses:rate1m", HEADLINE), by));

export const armHitRate = (arm: Arm): Expression => ratio(hits(arm, []), capable(arm, []));

/** The cohort's hit rate less the other's, as if the cohort had the other's capable exits. */
export function hitRateDifference(): Expression {
  const alike = ["group", "fastpath"];
  const own = ratio(hits("cohort", alike), capable("cohort", alike));
  const weights = and(capable("baseline", alike), own, alike);
  const expected = ratio(sum(times(own, weights, { on: alike })), sum(weights));
  const actual = ratio(sum(and(hits("baseline", alike), own, alike)), sum(weights));
  return minus(expected, actual);
}
