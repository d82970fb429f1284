/**
 * Linux 5.10 (December 2020, long-term, early in its life): as 5.8, with context tracking at each
 * VM entry. Retbleed and MMIO stale data came into its stable tree later: `patches:` adds them.
 */
import { type Kernel, mainlineKernel } from "../kernel-from-commits.ts";

export const linux510: Kernel = mainlineKernel("5.10", {
  name: "linux-5.10",
  doc: "Linux 5.10: as 5.8, context tracking at each entry; before the mitigations of 2022",
  source: "Linux 5.10.13, arch/x86/kvm and virt/kvm",
});
