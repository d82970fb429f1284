import { QUIET, type Workload } from "../workload.ts";

/** A web service: requests over virtio-net, a worker thread on another vCPU now and then, an answer each. */
export const web = {
  ...QUIET,
  doc: "A web service: requests over virtio-net, a worker thread on another vCPU now and then, an answer each.",
  requests_per_second: 900,
  work_ns: 180_000,
  work_cv: 0.8,
  remote_wake_chance: 0.35,
  doorbell_chance: 0.5,
  soft_timers_per_second: 60,
  background: { ...QUIET.background, cpuid: 8, port_io: 0.5, mmio: 2, page_fault: 40, pause_loop: 1, level_eoi: 2, hypercall: 0.2 },
  writes: { mib_per_second: 40, working_set_mib: 128 },
  source:
    "assumed: rates of an ordinary service; the mix it gives has TSC_DEADLINE writes first, as clouds report (40 % of exits and more)",
} as const satisfies Workload;
