/** Timers and IPIs of the host's guests: how they arrive and how late. */
import { sized, type Row } from "../kit/dashboard.ts";
import { heatmap } from "../kit/heatmap.ts";
import { buckets, overTime } from "../kit/query.ts";
import { timeSeries } from "../kit/time-series.ts";
import { UNIT } from "../kit/units.ts";
import { rate, sum } from "../promql/expression.ts";
import { perOwnSecond } from "../promql/figures.ts";
import { ofHost } from "../promql/scope.ts";

export const timers = (): Row => ({ title: "Timers and IPIs", panels: sized(8, 9, deliveries(), timerLatency(), ipiLatency()) });

const deliveries = () =>
  timeSeries({
    title: "Timer expirations by delivery",
    description:
      "How expirations of guests' timers reached them: by the preemption timer's exit, posted from another CPU without an exit, by an hrtimer's interrupt, or by waking a blocked vCPU.",
    unit: UNIT.perSecond,
    stacked: true,
    queries: [overTime(perOwnSecond(rate(ofHost("kvm_timer_expirations_total")), ["delivery"]), "{{delivery}}")],
  });

const timerLatency = () =>
  heatmap({
    title: "Timer latency",
    description: "Expirations per second by host TSC cycles from the deadline to the guest's handler.",
    unit: UNIT.perSecond,
    observed: UNIT.cyclesEach,
    queries: [buckets(sum(rate(ofHost("kvm_timer_latency_cycles_bucket")), ["le"]))],
  });

const ipiLatency = () =>
  heatmap({
    title: "IPI latency",
    description: "IPIs per second by host TSC cycles from the send to the receiver's handler.",
    unit: UNIT.perSecond,
    observed: UNIT.cyclesEach,
    queries: [buckets(sum(rate(ofHost("kvm_ipi_latency_cycles_bucket")), ["le"]))],
  });
