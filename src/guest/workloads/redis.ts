import { QUIET, type Workload } from "../workload.ts";

/** An in-memory store: one event loop a vCPU, short requests, mostly busy. */
export const redis = {
  ...QUIET,
  doc: "An in-memory store: one event loop a vCPU, short requests, mostly busy.",
  requests_per_second: 9000,
  work_ns: 60_000,
  work_cv: 0.4,
  remote_wake_chance: 0.02,
  doorbell_chance: 0.6,
  soft_timers_per_second: 100,
  background: { ...QUIET.background, cpuid: 4, page_fault: 20, level_eoi: 1 },
  writes: { mib_per_second: 60, working_set_mib: 512 },
  source: "assumed: busy loop near 55 % load, small requests",
} as const satisfies Workload;
