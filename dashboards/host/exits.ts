/** Exits of the host: how many, why, and on which path. */
import { sized, type Row } from "../kit/dashboard.ts";
import { overTime } from "../kit/query.ts";
import { timeSeries } from "../kit/time-series.ts";
import { UNIT } from "../kit/units.ts";
import { plus, rate, ratio, sum } from "../promql/expression.ts";
import { perOwnSecond } from "../promql/figures.ts";
import { ofHost } from "../promql/scope.ts";

export const exits = (): Row => ({ title: "Exits", panels: sized(12, 9, byReason(), byPath(), hitRates(), misses()) });

const byReason = () =>
  timeSeries({
    title: "Exits by reason",
    description: "Exits per second by reason, MSR writes by the MSR. Reasons are named as perf kvm stat prints them.",
    unit: UNIT.exitsPerSecond,
    stacked: true,
    queries: [overTime(perOwnSecond(rate(ofHost("kvm_exits_total")), ["reason", "msr"]), "{{reason}} {{msr}}")],
  });

const byPath = () =>
  timeSeries({
    title: "Exits by path",
    description:
      "Where exits were handled: on a fastpath right after the exit, by the kernel's normal handler, or in QEMU. A toggle moves them from one to the other.",
    unit: UNIT.exitsPerSecond,
    stacked: true,
    queries: [overTime(perOwnSecond(rate(ofHost("kvm_exits_total")), ["path"]), "{{path}}")],
  });

function hitRates() {
  const hits = sum(rate(ofHost("kvm_fastpath_hits_total")), ["fastpath"]);
  const misses = sum(rate(ofHost("kvm_fastpath_misses_total")), ["fastpath"]);
  return timeSeries({
    title: "Hit rate by fastpath",
    description:
      "Share of each fastpath's capable exits that it took; a fastpath without capable exits has no line. A HLT that must sleep cannot hit.",
    unit: UNIT.share,
    min: 0,
    max: 1,
    noValue: "no capable exit",
    queries: [overTime(ratio(hits, plus(hits, misses)), "{{fastpath}}")],
  });
}

const misses = () =>
  timeSeries({
    title: "Misses by cause",
    description:
      "Capable exits per second that took the normal path, by fastpath and cause. no_hv_timer: this guest's timer is posted or an hrtimer, so its fastpath cannot take the write.",
    unit: UNIT.perSecond,
    stacked: true,
    noValue: "no miss",
    queries: [overTime(perOwnSecond(rate(ofHost("kvm_fastpath_misses_total")), ["fastpath", "cause"]), "{{fastpath}}: {{cause}}")],
  });
