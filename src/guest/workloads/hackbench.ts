import { QUIET, type Workload } from "../workload.ts";

/** Groups of threads that pass messages to each other: bound by wake-ups across vCPUs, hence by IPIs. */
export const hackbench = {
  ...QUIET,
  doc: "Groups of threads that pass messages to each other: bound by wake-ups across vCPUs, hence by IPIs.",
  work_ns: 14_000,
  work_cv: 0.7,
  messages_per_vcpu: 4,
  remote_wake_chance: 1,
  soft_timers_per_second: 20,
  background: { ...QUIET.background, cpuid: 1, page_fault: 10, pause_loop: 20 },
  preempt_chance: 0.6,
  writes: { mib_per_second: 30, working_set_mib: 16 },
  source: "assumed work per message; MSR_WRITE is 90 % of the exits of a published run (1e9e2622a149)",
} as const satisfies Workload;
