import { QUIET, type Workload } from "../workload.ts";

/** A small service on one vCPU: a thousand interrupts a second, of which some only acknowledge. */
export const lightService = {
  ...QUIET,
  doc: "A small service on one vCPU: a thousand interrupts a second, of which some only acknowledge.",
  requests_per_second: 880,
  quiet_interrupts_per_second: 350,
  work_ns: 150_000,
  work_cv: 0.6,
  doorbell_chance: 0.075,
  soft_timers_per_second: 60,
  background: { ...QUIET.background, port_io: 30, level_eoi: 15, pause_loop: 14, cpuid: 13, page_fault: 8 },
  source: "assumed: rates of the example of bcc's kvmexit (2021), 3647 exits a second of one vCPU",
} as const satisfies Workload;
