/**
 * Linux 5.4 (November 2019, long-term): the first kernel here that posts timers from housekeeping
 * CPUs. `pi_inject_timer` applies to every VM of the host; there is no fastpath yet.
 */
import { type Kernel, mainlineKernel } from "../kernel-from-commits.ts";

export const linux54: Kernel = mainlineKernel(
  "5.4",
  {
    name: "linux-5.4",
    doc: "Linux 5.4: posted timers for every VM of a nohz_full host, no fastpaths",
    source: "Linux 5.4.59, arch/x86/kvm and virt/kvm",
  },
  ["srbds"],
);
