/**
 * Linux 6.12 (November 2024, long-term) as of 6.12.117: an ICR write re-enters the guest at once,
 * HLT with a wake event pending has a fastpath, halt polling shrinks by halves. Mitigations up to
 * VMSCAPE by backport.
 */
import { type Kernel, mainlineKernel } from "../kernel-from-commits.ts";

export const linux612: Kernel = mainlineKernel(
  "6.12",
  {
    name: "linux-6.12",
    doc: "Linux 6.12 (6.12.117): ICR re-enters, HLT fastpath; all mitigations up to VMSCAPE by backport",
    source: "Linux 6.12.117, as Debian ships it, arch/x86/kvm and virt/kvm",
  },
  ["its", "tsa", "vmscape"],
);
