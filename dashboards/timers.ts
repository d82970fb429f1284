/** Timers and IPIs: how they reach guests, how late, and what that takes. */
import type { Dashboard } from "@grafana/schema";
import { FLEET_CHANGES } from "./kit/annotations.ts";
import { dashboard, sized, type Row } from "./kit/dashboard.ts";
import { heatmap } from "./kit/heatmap.ts";
import { buckets, overTime } from "./kit/query.ts";
import { timeSeries } from "./kit/time-series.ts";
import { UNIT } from "./kit/units.ts";
import { PART_OF_FLEET } from "./kit/variables.ts";
import { avg, divide, plus, quantile, ratio, sum, type Expression } from "./promql/expression.ts";
import { chosen, recorded } from "./promql/scope.ts";
import { UID } from "./uids.ts";

export const timers = (): Dashboard =>
  dashboard({
    uid: UID.timers,
    title: "fastpathd / Timers and IPIs",
    description:
      "How timer interrupts and IPIs reach the guests, how many exits and how much of the housekeeping CPUs that takes, and how late they are.",
    variables: PART_OF_FLEET,
    changes: FLEET_CHANGES,
    rows: [deliveries(), latency(), costs(), polling()],
  });

/** Exits that a timer cycle consists of: the write of the deadline, and the expiry or the HLT. */
function exitsPerExpiration(): Expression {
  const by = ["group"];
  const writes = sum(recorded("group_exit:kvm_exits:rate1m", { msr: "tsc_deadline" }), by);
  const ends = sum(recorded("group_exit:kvm_exits:rate1m", { reason: ["PREEMPTION_TIMER", "HLT", "hlt"] }), by);
  return ratio(plus(writes, ends), sum(recorded("group_delivery:kvm_timer_expirations:rate1m"), by));
}

const deliveries = (): Row => ({
  title: "Deliveries",
  panels: sized(
    8,
    9,
    timeSeries({
      title: "Timer expirations by delivery",
      description:
        "How expirations reached the guests: by the preemption timer's exit, posted from a housekeeping CPU without an exit, by an hrtimer's interrupt, or by waking a blocked vCPU.",
      unit: UNIT.perSecond,
      stacked: true,
      queries: [overTime(sum(recorded("group_delivery:kvm_timer_expirations:rate1m"), ["delivery"]), "{{delivery}}")],
    }),
    timeSeries({
      title: "Exits per timer expiration by group",
      description:
        "TSC_DEADLINE writes, preemption timer expiries and HLTs for each expiration. A busy guest has two, with posted timers one; a guest that idles has more, for it also sleeps and re-arms for other events.",
      unit: UNIT.exitsPerCycle,
      min: 0,
      queries: [overTime(exitsPerExpiration(), "{{group}}")],
    }),
    timeSeries({
      title: "Guests by timer mode",
      description: "Guests by what drives their APIC timer: the VMX preemption timer, posted interrupts (exitless), an hrtimer.",
      unit: UNIT.guests,
      stacked: true,
      decimals: 0,
      queries: [overTime(sum(chosen("kvm_timer_mode_guests"), ["mode"]), "{{mode}}")],
    }),
  ),
});

type Latency = "timer" | "ipi";
const spreadOf = (what: Latency, by: readonly string[] = []): Expression =>
  sum(recorded(`group:kvm_${what}_latency_cycles_bucket:rate1m`), [...by, "le"]);

function meanOf(what: Latency, by: readonly string[] = []): Expression {
  const events = sum(recorded(`group:kvm_${what}_latency_cycles_bucket:rate1m`, { le: "+Inf" }), by);
  return ratio(sum(recorded(`group:kvm_${what}_latency_cycles_sum:rate1m`), by), events);
}

const seconds = (cycles: Expression): Expression =>
  divide(cycles, avg(recorded("group:kvm_host_tsc_hertz:avg"), ["group"]), { on: ["group"] });

function latencyOf(what: Latency, name: string, about: string) {
  return [
    heatmap({
      title: `${name} latency`,
      description: `Events per second by host TSC cycles ${about}.`,
      unit: UNIT.perSecond,
      observed: UNIT.cyclesEach,
      queries: [buckets(spreadOf(what))],
    }),
    timeSeries({
      title: `${name} latency, mean and quantiles`,
      description: `Host TSC cycles ${about}: mean, and median and 99th percentile interpolated inside a bucket.`,
      unit: UNIT.cyclesEach,
      logarithmic: true,
      queries: [
        overTime(meanOf(what), "mean"),
        ...[0.5, 0.99].map((share) => overTime(quantile(share, spreadOf(what)), `p${share * 100}`)),
      ],
    }),
    timeSeries({
      title: `${name} latency by group`,
      description: `Mean time ${about}, by group.`,
      unit: UNIT.seconds,
      logarithmic: true,
      queries: [overTime(seconds(meanOf(what, ["group"])), "{{group}}")],
    }),
  ];
}

const latency = (): Row => ({
  title: "Latency",
  panels: sized(
    8,
    9,
    ...latencyOf("timer", "Timer", "from the deadline to the guest's handler"),
    ...latencyOf("ipi", "IPI", "from the send to the receiver's handler"),
  ),
});

const costs = (): Row => ({
  title: "What it takes",
  panels: sized(
    8,
    8,
    timeSeries({
      title: "Cycles of an ICR write by group",
      description:
        "Mean cycles of the write that sends an IPI, on any path: the sender wakes a sleeping receiver in it, so a kernel's wake-up (swait, rcuwait) shows here.",
      unit: UNIT.cyclesEach,
      min: 0,
      queries: [
        overTime(
          ratio(
            sum(recorded("group_exit:kvm_exit_cycles_sum:rate1m", { msr: "icr" }), ["group"]),
            sum(recorded("group_exit:kvm_exits:rate1m", { msr: "icr" }), ["group"]),
          ),
          "{{group}}",
        ),
      ],
    }),
    timeSeries({
      title: "Housekeeping by group",
      description: "Cores that the hosts' own interrupts and timers take: posted timers move the guests' expirations there.",
      unit: UNIT.cores,
      stacked: true,
      queries: [overTime(sum(recorded("group_use:kvm_host_cpu_seconds:rate1m", { use: "housekeeping" }), ["group"]), "{{group}}")],
    }),
    timeSeries({
      title: "Cycles of timer exits per expiration by group",
      description:
        "Cycles of TSC_DEADLINE writes, preemption timer expiries and host interrupts for each expiration: what a timer cycle costs the vCPU.",
      unit: UNIT.cyclesEach,
      min: 0,
      queries: [overTime(timerCost(), "{{group}}")],
    }),
  ),
});

function timerCost(): Expression {
  const by = ["group"];
  const writes = sum(recorded("group_exit:kvm_exit_cycles_sum:rate1m", { msr: "tsc_deadline" }), by);
  const ends = sum(
    recorded("group_exit:kvm_exit_cycles_sum:rate1m", { reason: ["PREEMPTION_TIMER", "EXTERNAL_INTERRUPT", "interrupt"] }),
    by,
  );
  return ratio(plus(writes, ends), sum(recorded("group_delivery:kvm_timer_expirations:rate1m"), by));
}

const polling = (): Row => ({
  title: "Halt polling",
  panels: sized(
    8,
    8,
    timeSeries({
      title: "Polls that paid",
      description: "Share of the polls before blocking in which an event came, by group.",
      unit: UNIT.share,
      min: 0,
      max: 1,
      noValue: "no poll",
      queries: [overTime(pollsThatPaid(), "{{group}}")],
    }),
    timeSeries({
      title: "Time in polls",
      description: "Cores that poll before a halted vCPU is blocked, by how the poll ended.",
      unit: UNIT.cores,
      stacked: true,
      queries: [overTime(sum(recorded("group_result:kvm_halt_poll_seconds:rate1m"), ["result"]), "{{result}}")],
    }),
    timeSeries({
      title: "Time of the vCPUs",
      description: "What all vCPUs do, as shares: run the guest, exit, poll, sleep, wait for a CPU.",
      unit: UNIT.cores,
      shares: true,
      queries: [overTime(sum(recorded("group_state:kvm_vcpu_seconds:rate1m"), ["state"]), "{{state}}")],
    }),
  ),
});

function pollsThatPaid(): Expression {
  const by = ["group"];
  return ratio(
    sum(recorded("group_result:kvm_halt_polls:rate1m", { result: "success" }), by),
    sum(recorded("group_result:kvm_halt_polls:rate1m"), by),
  );
}
