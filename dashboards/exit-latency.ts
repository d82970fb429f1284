/** Exit latency: how long exits take, in cycles and in time, by path and by reason. */
import type { Dashboard } from "@grafana/schema";
import { FLEET_CHANGES } from "./kit/annotations.ts";
import { dashboard, sized, type Row } from "./kit/dashboard.ts";
import { heatmap } from "./kit/heatmap.ts";
import { buckets, overTime } from "./kit/query.ts";
import { table } from "./kit/table.ts";
import { timeSeries } from "./kit/time-series.ts";
import { UNIT } from "./kit/units.ts";
import { EXITS_OF_FLEET } from "./kit/variables.ts";
import { avg, divide, joined, positive, quantile, ratio, sum, type Expression, type Matchers, type Selector } from "./promql/expression.ts";
import { recorded } from "./promql/scope.ts";
import { UID } from "./uids.ts";

export const exitLatency = (): Dashboard =>
  dashboard({
    uid: UID.exitLatency,
    title: "fastpathd / Exit latency",
    description:
      "Cycles and time of exits, from the guest's last instruction to its next: their spread, their quantiles, by path and by reason.",
    variables: EXITS_OF_FLEET,
    changes: FLEET_CHANGES,
    rows: [all(), byPath(), byReason()],
  });

type Name = "group_exit:kvm_exits:rate1m" | "group_exit:kvm_exit_cycles_sum:rate1m" | "group_exit:kvm_exit_cycles_bucket:rate1m";
const CHOSEN = { reason: { pattern: "$reason" }, path: { pattern: "$path" } } as const;

/** Of the chosen reasons and paths, or of one. */
const ofExits = (name: Name, matchers: Matchers<"group_exit:kvm_exits:rate1m"> = CHOSEN): Selector => recorded(name, matchers);
const countOf = (by: readonly string[] = []): Expression => sum(ofExits("group_exit:kvm_exits:rate1m"), by);
const meanOf = (by: readonly string[] = []): Expression => ratio(sum(ofExits("group_exit:kvm_exit_cycles_sum:rate1m"), by), countOf(by));
const quantileOf = (share: number, by: readonly string[] = []): Expression =>
  quantile(share, sum(ofExits("group_exit:kvm_exit_cycles_bucket:rate1m"), [...by, "le"]));

/** Cycles by group as seconds: groups differ in frequency. */
const inTime = (cycles: Expression): Expression =>
  divide(cycles, avg(recorded("group:kvm_host_tsc_hertz:avg"), ["group"]), { on: ["group"] });

const INTERPOLATED =
  "Interpolated inside a bucket: where all exits of a kind lie in one, it is that bucket's middle, so judge a gain of hundreds of cycles by the mean.";

const all = (): Row => ({
  title: "All chosen exits",
  panels: sized(
    12,
    10,
    heatmap({
      title: "Cycles of exits",
      description: "Exits per second by how many host TSC cycles each took.",
      unit: UNIT.exitsPerSecond,
      observed: UNIT.cyclesEach,
      queries: [buckets(sum(ofExits("group_exit:kvm_exit_cycles_bucket:rate1m"), ["le"]))],
    }),
    timeSeries({
      title: "Cycles of an exit",
      description: `Mean, median and high quantiles. ${INTERPOLATED}`,
      unit: UNIT.cyclesEach,
      logarithmic: true,
      queries: [overTime(meanOf(), "mean"), ...[0.5, 0.9, 0.99, 0.999].map((share) => overTime(quantileOf(share), `p${share * 100}`))],
    }),
    timeSeries({
      title: "Mean time of an exit by group",
      description: "Mean cycles over the TSC's frequency, by group: the time that a vCPU stands still.",
      unit: UNIT.seconds,
      min: 0,
      queries: [overTime(inTime(meanOf(["group"])), "{{group}}")],
    }),
    timeSeries({
      title: "99th percentile of an exit's time by group",
      description: `99th percentile of cycles over the TSC's frequency, by group. ${INTERPOLATED}`,
      unit: UNIT.seconds,
      logarithmic: true,
      queries: [overTime(inTime(quantileOf(0.99, ["group"])), "{{group}}")],
    }),
  ),
});

const byPath = (): Row => ({
  title: "By path",
  panels: sized(
    12,
    8,
    timeSeries({
      title: "Cycles of an exit by path",
      description:
        "Mean cycles of the exits that each path handled. The paths handle different exits: the gain of a fastpath is the distance between one reason's two paths, below.",
      unit: UNIT.cyclesEach,
      logarithmic: true,
      queries: [overTime(meanOf(["path"]), "{{path}}")],
    }),
    timeSeries({
      title: "99th percentile by path",
      description: `99th percentile of the cycles of the exits that each path handled. ${INTERPOLATED}`,
      unit: UNIT.cyclesEach,
      logarithmic: true,
      queries: [overTime(quantileOf(0.99, ["path"]), "{{path}}")],
    }),
  ),
});

const KIND = ["reason", "msr", "path"];
const named = (of: Expression): Expression => joined(of, "kind", KIND);

const byReason = (): Row => ({
  title: "By reason",
  panels: [
    ...sized(12, 10, meanByReason(), kinds()),
    ...sized(
      8,
      9,
      spread("TSC_DEADLINE writes", { msr: "tsc_deadline" }),
      spread("Preemption timer exits", { reason: "PREEMPTION_TIMER" }),
      spread("ICR writes", { msr: "icr" }),
    ),
  ],
});

const meanByReason = () =>
  timeSeries({
    title: "Cycles of an exit by reason and path",
    description: "Mean cycles of an exit of each kind. One reason on two paths is two lines: their distance is the fastpath's gain.",
    unit: UNIT.cyclesEach,
    logarithmic: true,
    queries: [overTime(meanOf(KIND), "{{reason}} {{msr}} {{path}}")],
  });

const kinds = () =>
  table({
    title: "Kinds of exits",
    description: `Exits that occur at the end of the time range: how many, how dear, and their share of all chosen exits' cycles. Quantiles: ${INTERPOLATED.toLowerCase()}`,
    joinedBy: "kind",
    sortedBy: { header: "Share of cycles", descending: true },
    labels: [{ label: "kind", header: "Exit" }],
    values: [
      { value: named(positive(countOf(KIND))), header: "Per second", unit: UNIT.exitsPerSecond },
      { value: named(meanOf(KIND)), header: "Mean", unit: UNIT.cyclesEach, decimals: 0 },
      { value: named(positive(quantileOf(0.99, KIND))), header: "p99", unit: UNIT.cyclesEach, decimals: 0 },
      { value: named(positive(shareOfCycles())), header: "Share of cycles", unit: UNIT.share, decimals: 1 },
    ],
  });

function shareOfCycles(): Expression {
  const cycles = ofExits("group_exit:kvm_exit_cycles_sum:rate1m");
  return ratio(sum(cycles, KIND), sum(cycles), { on: [], keep: [] });
}

const spread = (title: string, of: Matchers<"group_exit:kvm_exits:rate1m">) =>
  heatmap({
    title,
    description: "Exits of this kind per second, on any path, by their host TSC cycles.",
    unit: UNIT.exitsPerSecond,
    observed: UNIT.cyclesEach,
    queries: [buckets(sum(ofExits("group_exit:kvm_exit_cycles_bucket:rate1m", of), ["le"]))],
  });
