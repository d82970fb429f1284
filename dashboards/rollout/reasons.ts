/** The comparison for each kind of exit alone. */
import { sized, type Row } from "../kit/dashboard.ts";
import { overTime } from "../kit/query.ts";
import { table } from "../kit/table.ts";
import { timeSeries } from "../kit/time-series.ts";
import { UNIT } from "../kit/units.ts";
import { joined, positive, ratio, sum, type Expression } from "../promql/expression.ts";
import { EXIT_COST, inArm, relative, type Arm } from "../promql/arms.ts";

export const reasons = (): Row => ({ title: "By reason", panels: sized(12, 10, costs(), kinds()) });

const KIND = ["reason", "msr"];

const costs = () =>
  timeSeries({
    title: "Cost of an exit by reason",
    description:
      "Mean cycles of the cohort's exits against the other's, by reason and MSR, group by group with the other's weights; +10 % is dearer.",
    unit: UNIT.share,
    noValue: "nothing to compare",
    queries: [overTime(relative(EXIT_COST, KIND), "{{reason}} {{msr}}")],
  });

/** A table is joined by one label, and reason and MSR are two. */
const named = (of: Expression): Expression => joined(of, "kind", KIND);
const exitsOf = (arm: Arm): Expression => sum(inArm(arm, "group_exit:kvm_exits:rate1m"), KIND);
const meanOf = (arm: Arm): Expression => ratio(sum(inArm(arm, "group_exit:kvm_exit_cycles_sum:rate1m"), KIND), exitsOf(arm));

const kinds = () =>
  table({
    title: "Exits of both sides",
    description:
      "Exits per second and their mean cycles on either side, at the end of the time range; a kind that does not occur is left out.",
    joinedBy: "kind",
    sortedBy: { header: "Exits per second, cohort", descending: true },
    labels: [{ label: "kind", header: "Reason" }],
    values: [
      { value: named(positive(exitsOf("cohort"))), header: "Exits per second, cohort", unit: UNIT.exitsPerSecond },
      { value: named(positive(exitsOf("baseline"))), header: "Others", unit: UNIT.exitsPerSecond },
      { value: named(meanOf("cohort")), header: "Cycles, cohort", unit: UNIT.cyclesEach, decimals: 0 },
      { value: named(meanOf("baseline")), header: "Cycles, others", unit: UNIT.cyclesEach, decimals: 0 },
      { value: named(relative(EXIT_COST, KIND)), header: "Difference, like for like", unit: UNIT.share, decimals: 1 },
    ],
  });
