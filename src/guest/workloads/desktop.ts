import { QUIET, type Workload } from "../workload.ts";

/** A desktop: threads that wake each other on many vCPUs thousands of times a second, frame timers, and little work each time. */
export const desktop = {
  ...QUIET,
  doc: "A desktop: threads that wake each other on many vCPUs thousands of times a second, frame timers, and little work each time.",
  work_ns: 16_000,
  work_cv: 0.8,
  remote_wake_chance: 0.86,
  interval_ns: 1_200_000,
  soft_timers_per_second: 20,
  background: { ...QUIET.background, pause_loop: 130 },
  source: "assumed: rates of a perf kvm stat sample of a desktop guest (2 s, 2026)",
} as const satisfies Workload;
