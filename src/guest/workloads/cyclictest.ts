import { QUIET, type Workload } from "../workload.ts";

/** cyclictest -i1000: a real-time thread a vCPU that sleeps until a timer and measures how late it woke. */
export const cyclictest = {
  ...QUIET,
  doc: "cyclictest -i1000: a real-time thread a vCPU that sleeps until a timer and measures how late it woke.",
  work_ns: 3000,
  work_cv: 0.1,
  interval_ns: 1_000_000,
  soft_timers_per_second: 4,
  writes: { mib_per_second: 2, working_set_mib: 4 },
  source: "rt-tests cyclictest, interval 1000 us; the thread's own work is assumed",
} as const satisfies Workload;
