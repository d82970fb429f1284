/**
 * Linux 5.6 (March 2020): as 5.5, and AMD hosts have the ICR fastpath, too.
 */
import { type Kernel, mainlineKernel } from "../kernel-from-commits.ts";

export const linux56: Kernel = mainlineKernel("5.6", {
  name: "linux-5.6",
  doc: "Linux 5.6: the ICR fastpath on AMD as well",
  source: "Linux 5.6.4, arch/x86/kvm and virt/kvm",
});
