import { QUIET, type Workload } from "../workload.ts";

/** Threads that wake each other on other vCPUs all the time, and touch fresh memory between. */
export const messages = {
  ...QUIET,
  doc: "Threads that wake each other on other vCPUs all the time, and touch fresh memory between.",
  work_ns: 300_000,
  work_cv: 0.7,
  messages_per_vcpu: 4,
  remote_wake_chance: 1,
  preempt_chance: 0.6,
  soft_timers_per_second: 20,
  background: { ...QUIET.background, cpuid: 530, page_fault: 265, port_io: 38 },
  source: "assumed: shares of a perf kvm sample of 2012, of a guest with an xAPIC on a host without APICv",
} as const satisfies Workload;
