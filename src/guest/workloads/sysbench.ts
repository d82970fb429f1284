import { QUIET, type Workload } from "../workload.ts";

/** sysbench cpu with one thread: one vCPU computes all the time, the others idle with the timers of their kernel. */
export const sysbench = {
  ...QUIET,
  doc: "sysbench cpu with one thread: one vCPU computes all the time, the others idle with the timers of their kernel.",
  busy_vcpus: 1,
  requests_per_second: 3,
  quiet_interrupts_per_second: 10,
  work_ns: 40_000,
  doorbell_chance: 1,
  soft_timers_per_second: 20,
  background: { ...QUIET.background, cpuid: 95, pause_loop: 17, level_eoi: 1.6 },
  writes: { mib_per_second: 1, working_set_mib: 0.1 },
  source: "assumed: rates of a perf kvm stat sample of 2020 (sysbench cpu, one thread, 22.66 s), whose vCPUs but one sleep",
} as const satisfies Workload;
