/**
 * Linux 5.18 (May 2022): the fix of the posted timer. Only VMs whose MWAIT or HLT does not exit
 * are posted to; every other VM of a nohz_full host keeps the preemption timer.
 */
import { type Kernel, mainlineKernel } from "../kernel-from-commits.ts";

export const linux518: Kernel = mainlineKernel("5.18", {
  name: "linux-5.18",
  doc: "Linux 5.18: posted timers only for VMs with disabled exits (1714a4eb6fb0)",
  source: "upstream dates: 1714a4eb6fb0 is not in 5.17-rc5 and is in 5.19",
});
