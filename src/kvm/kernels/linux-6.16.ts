/**
 * Linux 6.16 (July 2025) as of 6.16.1: `isolcpus=nohz,…` isolates timers and so turns
 * `pi_inject_timer` on. ITS and TSA are known, VMSCAPE is not yet.
 */
import { type Kernel, mainlineKernel } from "../kernel-from-commits.ts";

export const linux616: Kernel = mainlineKernel("6.16", {
  name: "linux-6.16",
  doc: "Linux 6.16 (6.16.1): isolcpus=nohz isolates timers; ITS and TSA, not VMSCAPE",
  source: "Linux 6.16.1, arch/x86/kvm and virt/kvm",
});
