import { QUIET, type Workload } from "../workload.ts";

/** A noisy neighbour: three seconds of heavy load out of ten, and next to nothing in between. */
export const noisy = {
  ...QUIET,
  doc: "A noisy neighbour: three seconds of heavy load out of ten, and next to nothing in between.",
  requests_per_second: 6000,
  work_ns: 120_000,
  work_cv: 0.8,
  remote_wake_chance: 0.2,
  doorbell_chance: 0.4,
  soft_timers_per_second: 60,
  rhythm: { shape: "bursts", period_s: 10, busy_share: 0.3, quiet_load: 0.01 },
  background: { ...QUIET.background, page_fault: 60, pause_loop: 2 },
  source: "assumed: a batch job beside services, seven tenths busy while it runs",
} as const satisfies Workload;
