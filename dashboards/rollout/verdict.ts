/** The difference between the arms in a few numbers, green where the cohort is better. */
import { COLOUR, thresholds } from "../kit/colours.ts";
import { sized, type Row } from "../kit/dashboard.ts";
import { overTime } from "../kit/query.ts";
import { stat } from "../kit/stat.ts";
import { UNIT } from "../kit/units.ts";
import { count, divide, minus, number, quantile, sum, type Expression } from "../promql/expression.ts";
import { ARMS, ARM_NAME, EXITS_PER_VCPU, EXIT_COST, WORK_PER_VCPU, hitRateDifference, inArm, relative, type Arm } from "../promql/arms.ts";
import type { ThresholdsConfig } from "@grafana/schema";

export const verdict = (): Row => ({
  title: "Verdict: the cohort against what it is compared with",
  panels: sized(4, 5, hosts(), ...differences()),
});

/** Within this share there is no difference worth a colour. */
const NOTABLE = 0.02;
const LESS_IS_BETTER = thresholds(COLOUR.good, [-NOTABLE, COLOUR.muted], [NOTABLE, COLOUR.bad]);
const MORE_IS_BETTER = thresholds(COLOUR.bad, [-NOTABLE, COLOUR.muted], [NOTABLE, COLOUR.good]);

const hosts = () =>
  stat({
    title: "Hosts",
    description:
      "Hosts of the cohort, and hosts that it is compared with. Groups that have hosts on one side only are left out of every comparison.",
    unit: UNIT.hosts,
    decimals: 0,
    isBare: true,
    queries: ARMS.map((arm) => overTime(count(inArm(arm, "host:kvm_exits:rate1m")), ARM_NAME[arm])),
  });

const difference = (title: string, description: string, of: Expression, colours: ThresholdsConfig) =>
  stat({
    title,
    description,
    unit: UNIT.share,
    decimals: 1,
    isBare: true,
    isVerdict: true,
    noValue: "nothing to compare",
    thresholds: colours,
    queries: [overTime(of, title)],
  });

const p99 = (arm: Arm): Expression => quantile(0.99, sum(inArm(arm, "group_exit:kvm_exit_cycles_bucket:rate1m"), ["le"]));

const differences = () => [
  difference(
    "Hit rate",
    "The cohort's hit rate less the other's, in points, group by group and fastpath by fastpath with the other's weights.",
    hitRateDifference(),
    MORE_IS_BETTER,
  ),
  difference(
    "Cost of an exit",
    "Mean cycles of the cohort's exits against the other's, like for like: each group and kind of exit with the other's weight. +10 % is a dearer exit.",
    relative(EXIT_COST),
    LESS_IS_BETTER,
  ),
  difference(
    "99th percentile of cycles",
    "The cohort's against the other's, all exits together, interpolated inside a bucket: it moves late and in steps.",
    minus(divide(p99("cohort"), p99("baseline")), number(1)),
    LESS_IS_BETTER,
  ),
  difference(
    "Exits per vCPU",
    "Exits per second and vCPU against the other's, group by group. Fastpaths leave it alone, cpu-pm and posted timers halve it.",
    relative(EXITS_PER_VCPU),
    LESS_IS_BETTER,
  ),
  difference(
    "Guest work per vCPU",
    "Useful guest cycles per second and vCPU against the other's, group by group: what the guests notice.",
    relative(WORK_PER_VCPU),
    MORE_IS_BETTER,
  ),
];
