import { QUIET, type Workload } from "../workload.ts";

/** A guest whose memory its host takes and gives back: page after page is touched that the host has to map again. */
export const memory = {
  ...QUIET,
  doc: "A guest whose memory its host takes and gives back: page after page is touched that the host has to map again.",
  requests_per_second: 300,
  work_ns: 500_000,
  work_cv: 1,
  doorbell_chance: 1,
  soft_timers_per_second: 60,
  background: { ...QUIET.background, page_fault: 4770, pause_loop: 350, level_eoi: 2, cpuid: 5 },
  busy_vcpus: "all",
  source: "assumed: shares of a perf kvm stat sample of a ChromeOS VM (2021)",
} as const satisfies Workload;
