/** What must not get worse while the exits get better. */
import { sized, type Row } from "../kit/dashboard.ts";
import { overTime } from "../kit/query.ts";
import { timeSeries } from "../kit/time-series.ts";
import { UNIT } from "../kit/units.ts";
import { quantile, ratio, sum } from "../promql/expression.ts";
import { ARMS, ARM_NAME, inArm, type Arm } from "../promql/arms.ts";

export const guardrails = (): Row => ({
  title: "Guardrails",
  panels: sized(8, 8, timers(), ipis(), work(), housekeeping(), vcpuTime(), misses()),
});

const vcpus = (arm: Arm) => sum(inArm(arm, "group:kvm_host_vcpus:sum"));

const timers = () =>
  timeSeries({
    title: "Timer latency, 99th percentile",
    description: "Host TSC cycles from a timer's deadline to the guest's handler.",
    unit: UNIT.cyclesEach,
    logarithmic: true,
    queries: ARMS.map((arm) =>
      overTime(quantile(0.99, sum(inArm(arm, "group:kvm_timer_latency_cycles_bucket:rate1m"), ["le"])), ARM_NAME[arm]),
    ),
  });

const ipis = () =>
  timeSeries({
    title: "IPI latency, 99th percentile",
    description: "Host TSC cycles from the send of an IPI to the receiver's handler.",
    unit: UNIT.cyclesEach,
    logarithmic: true,
    queries: ARMS.map((arm) =>
      overTime(quantile(0.99, sum(inArm(arm, "group:kvm_ipi_latency_cycles_bucket:rate1m"), ["le"])), ARM_NAME[arm]),
    ),
  });

const work = () =>
  timeSeries({
    title: "Guest work per vCPU, both",
    description: "Useful guest cycles per second and vCPU.",
    unit: UNIT.cyclesPerSecond,
    queries: ARMS.map((arm) => overTime(ratio(sum(inArm(arm, "group_workload:kvm_guest_work_cycles:rate1m")), vcpus(arm)), ARM_NAME[arm])),
  });

const housekeeping = () =>
  timeSeries({
    title: "Housekeeping per vCPU",
    description: "Cores that the host's own interrupts, timers and threads take, per vCPU: posted timers move work there.",
    unit: UNIT.cores,
    queries: ARMS.map((arm) =>
      overTime(ratio(sum(inArm(arm, "group_use:kvm_host_cpu_seconds:rate1m", { use: "housekeeping" })), vcpus(arm)), ARM_NAME[arm]),
    ),
  });

const vcpuTime = () =>
  timeSeries({
    title: "vCPU time outside the guest",
    description: "Share of the vCPUs' time in exits, polling or waiting for a CPU; time asleep is left out.",
    unit: UNIT.share,
    queries: ARMS.map((arm) =>
      overTime(
        ratio(
          sum(inArm(arm, "group_state:kvm_vcpu_seconds:rate1m", { state: ["exit", "halt_poll", "steal"] })),
          sum(inArm(arm, "group_state:kvm_vcpu_seconds:rate1m", { state: { pattern: ".+", not: "halted" } })),
        ),
        ARM_NAME[arm],
      ),
    ),
  });

const misses = () =>
  timeSeries({
    title: "Misses by cause, cohort",
    description: "Capable exits of the cohort that took the normal path, by fastpath and cause.",
    unit: UNIT.perSecond,
    stacked: true,
    noValue: "no miss",
    queries: [overTime(sum(inArm("cohort", "group_cause:kvm_fastpath_misses:rate1m"), ["fastpath", "cause"]), "{{fastpath}}: {{cause}}")],
  });
