/** Both arms over time, and their spreads side by side. */
import { sized, type Row } from "../kit/dashboard.ts";
import { heatmap } from "../kit/heatmap.ts";
import { buckets, overTime } from "../kit/query.ts";
import { timeSeries } from "../kit/time-series.ts";
import { UNIT } from "../kit/units.ts";
import { quantile, ratio, sum } from "../promql/expression.ts";
import { ARMS, ARM_NAME, armHitRate, inArm, type Arm } from "../promql/arms.ts";

export const course = (): Row => ({
  title: "Both over time",
  panels: [
    ...sized(8, 8, hitRates(), means(), quantiles()),
    ...sized(12, 9, spread("cohort", "the cohort"), spread("baseline", "the others")),
  ],
});

const hitRates = () =>
  timeSeries({
    title: "Hit rate, both",
    description: "Share of the capable exits that a fastpath took, of either side.",
    unit: UNIT.share,
    min: 0,
    max: 1,
    noValue: "no capable exit",
    queries: ARMS.map((arm) => overTime(armHitRate(arm), ARM_NAME[arm])),
  });

const means = () =>
  timeSeries({
    title: "Mean cycles of an exit, both",
    description: "Of either side with its own mix of exits; the verdict's cost weighs them alike.",
    unit: UNIT.cyclesEach,
    min: 0,
    queries: ARMS.map((arm) =>
      overTime(
        ratio(sum(inArm(arm, "group_exit:kvm_exit_cycles_sum:rate1m")), sum(inArm(arm, "group_exit:kvm_exits:rate1m"))),
        ARM_NAME[arm],
      ),
    ),
  });

const quantiles = () =>
  timeSeries({
    title: "Quantiles of cycles, both",
    description: "Median and 99th percentile of an exit's cycles, interpolated inside a bucket.",
    unit: UNIT.cyclesEach,
    logarithmic: true,
    queries: ARMS.flatMap((arm) =>
      [0.5, 0.99].map((share) => overTime(quantile(share, spreadOf(arm)), `p${share * 100} ${ARM_NAME[arm]}`)),
    ),
  });

const spreadOf = (arm: Arm) => sum(inArm(arm, "group_exit:kvm_exit_cycles_bucket:rate1m"), ["le"]);

const spread = (arm: Arm, who: string) =>
  heatmap({
    title: `Cycles of exits of ${who}`,
    description:
      "Exits per second by how many host TSC cycles each took; compare the rows, not the colours, for the sides differ in hosts.",
    unit: UNIT.exitsPerSecond,
    observed: UNIT.cyclesEach,
    queries: [buckets(spreadOf(arm))],
  });
