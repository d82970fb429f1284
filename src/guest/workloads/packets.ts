import { QUIET, type Workload } from "../workload.ts";

/** A DPDK poll-mode driver: spins on its receive queues and never halts; only its kernel's tick interrupts it. */
export const packets = {
  ...QUIET,
  doc: "A DPDK poll-mode driver: spins on its receive queues and never halts; only its kernel's tick interrupts it.",
  work_ns: 4_000_000,
  work_cv: 0.05,
  busy_vcpus: "all",
  soft_timers_per_second: 2,
  writes: { mib_per_second: 200, working_set_mib: 64 },
  source: "assumed: DPDK programmer's guide describes poll mode; no exits but the tick's",
} as const satisfies Workload;
