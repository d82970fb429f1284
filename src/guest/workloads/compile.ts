import { QUIET, type Workload } from "../workload.ts";

/** A build: processes that compute for milliseconds, start and end, and touch fresh memory. */
export const compile = {
  ...QUIET,
  doc: "A build: processes that compute for milliseconds, start and end, and touch fresh memory.",
  requests_per_second: 150,
  work_ns: 5_000_000,
  work_cv: 1.5,
  remote_wake_chance: 0.5,
  doorbell_chance: 0.2,
  soft_timers_per_second: 30,
  background: { ...QUIET.background, cpuid: 40, page_fault: 1200, pause_loop: 3 },
  source: "assumed: a compiler process lives some tens of milliseconds and touches fresh pages all the time",
} as const satisfies Workload;
