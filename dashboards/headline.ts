/** Figures that stand large at the top of several dashboards: what each of them means is said once. */
import { COLOUR, thresholds } from "./kit/colours.ts";
import type { Unplaced } from "./kit/panel.ts";
import { overTime } from "./kit/query.ts";
import { stat } from "./kit/stat.ts";
import { UNIT } from "./kit/units.ts";
import type { Expression } from "./promql/expression.ts";

export const hitRateStat = (of: Expression): Unplaced =>
  stat({
    title: "Fastpath hit rate",
    description:
      "Share of the capable exits (ICR, TSC_DEADLINE, PREEMPTION_TIMER) that a fastpath took. A host with posted timers hits little and exits less: read it beside the exits.",
    unit: UNIT.share,
    min: 0,
    max: 1,
    decimals: 1,
    noValue: "no capable exit",
    thresholds: thresholds(COLOUR.bad, [0.5, COLOUR.warning], [0.9, COLOUR.good]),
    queries: [overTime(of, "hit rate")],
  });

export const meanCyclesStat = (of: Expression): Unplaced =>
  stat({
    title: "Cycles of an exit",
    description: "Mean host TSC cycles from the guest's last instruction to its next, all exits.",
    unit: UNIT.cyclesEach,
    decimals: 0,
    queries: [overTime(of, "mean")],
  });

export const exitShareStat = (of: Expression): Unplaced =>
  stat({
    title: "CPU time on exits",
    description: "Share of the physical CPUs' busy time that handles exits, mitigations included.",
    unit: UNIT.share,
    decimals: 2,
    queries: [overTime(of, "share")],
  });

/** @param decimals of a fleet that spends whole cores, or of a host that spends thousandths of one. */
export const exitCoresStat = (of: Expression, decimals: number): Unplaced =>
  stat({
    title: "Cores on exits",
    description: "Whole cores that handle exits, mitigations included: what no guest gets.",
    unit: UNIT.cores,
    decimals,
    queries: [overTime(of, "cores")],
  });
