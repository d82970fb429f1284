/**
 * Linux 5.19 (July 2022): IPI virtualization on Sapphire Rapids, and the mitigations of 2022 with
 * it: legacy IBRS on Skylake for retbleed.
 */
import { type Kernel, mainlineKernel } from "../kernel-from-commits.ts";

export const linux519: Kernel = mainlineKernel("5.19", {
  name: "linux-5.19",
  doc: "Linux 5.19: IPI virtualization; retbleed and MMIO stale data",
  source: "Linux 5.19.0, arch/x86/kvm and virt/kvm",
});
