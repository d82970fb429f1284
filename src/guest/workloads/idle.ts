import { QUIET, type Workload } from "../workload.ts";

/** A booted guest without load: only its kernel's own timers wake it. */
export const idle = {
  ...QUIET,
  doc: "A booted guest without load: only its kernel's own timers wake it.",
  work_ns: 50_000,
  work_cv: 0.5,
  soft_timers_per_second: 4,
  background: { ...QUIET.background, cpuid: 2, page_fault: 1, level_eoi: 0.2 },
  writes: { mib_per_second: 5, working_set_mib: 16 },
  source:
    "assumed: a quiet Linux guest wakes a few times a second and vCPU for timers of its own: polling for 500 us before each sleep, an idle one of 2015 was in C0 for 0.15 % of the time more (aca6ff29c406, as remembered)",
} as const satisfies Workload;
