/** Where the time of the host's CPUs and vCPUs goes, and what the guests get done in it. */
import { sized, type Row } from "../kit/dashboard.ts";
import { overTime } from "../kit/query.ts";
import { timeSeries } from "../kit/time-series.ts";
import { UNIT } from "../kit/units.ts";
import { rate } from "../promql/expression.ts";
import { perOwnSecond } from "../promql/figures.ts";
import { ofHost } from "../promql/scope.ts";

export const time = (): Row => ({
  title: "Time",
  panels: [...sized(12, 9, cpus(), vcpus()), ...sized(8, 8, work(), polls(), statistics())],
});

const cpus = () =>
  timeSeries({
    title: "Time of the CPUs",
    description: "What the physical CPUs do; the uses add up to their number.",
    unit: UNIT.cores,
    stacked: true,
    queries: [overTime(perOwnSecond(rate(ofHost("kvm_host_cpu_seconds_total")), ["use"]), "{{use}}")],
  });

const vcpus = () =>
  timeSeries({
    title: "Time of the vCPUs",
    description: "What the vCPUs do, as shares: run the guest, exit, poll, sleep, wait for a CPU.",
    unit: UNIT.cores,
    shares: true,
    queries: [overTime(perOwnSecond(rate(ofHost("kvm_vcpu_seconds_total")), ["state"]), "{{state}}")],
  });

const work = () =>
  timeSeries({
    title: "Guest work",
    description: "Useful guest cycles per second by workload: what the guests get done, the benchmark's score.",
    unit: UNIT.cyclesPerSecond,
    queries: [overTime(perOwnSecond(rate(ofHost("kvm_guest_work_cycles_total")), ["workload"]), "{{workload}}")],
  });

const polls = () =>
  timeSeries({
    title: "Halt polls",
    description: "Polls per second before KVM blocks a halted vCPU, by result: an event came, none came, or it was cut short.",
    unit: UNIT.perSecond,
    stacked: true,
    queries: [overTime(perOwnSecond(rate(ofHost("kvm_halt_polls_total")), ["result"]), "{{result}}")],
  });

const statistics = () =>
  timeSeries({
    title: "KVM's own statistics",
    description:
      "KVM's cumulative statistics under its own names, per second, quirks included: before Linux 6.4 `exits` misses re-entered fastpath exits.",
    unit: UNIT.perSecond,
    logarithmic: true,
    queries: [
      overTime(
        perOwnSecond(rate(ofHost("kvm_stat_total", { name: { pattern: ".+(exits|injections|flush|poll|wakeup)|exits|hypercalls" } })), [
          "name",
        ]),
        "{{name}}",
      ),
    ],
  });
