import { QUIET, type Workload } from "../workload.ts";

/** A transactional database: worker threads that read pages, wait for the log's disk, and wake each other. */
export const database = {
  ...QUIET,
  doc: "A transactional database: worker threads that read pages, wait for the log's disk, and wake each other.",
  requests_per_second: 2200,
  work_ns: 160_000,
  work_cv: 1.2,
  remote_wake_chance: 0.25,
  doorbell_chance: 0.7,
  soft_timers_per_second: 120,
  background: { ...QUIET.background, cpuid: 5, page_fault: 150, pause_loop: 8, level_eoi: 1, call_function: 40 },
  source:
    "assumed: some two thousand short transactions a second and vCPU, most of which write the log; now and then a worker gives memory back, which flushes the others' TLBs",
} as const satisfies Workload;
