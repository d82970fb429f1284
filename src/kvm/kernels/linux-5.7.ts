/**
 * Linux 5.7 (May 2020): the ICR fastpath refuses broadcasts, for they would walk all vCPUs with
 * interrupts off.
 */
import { type Kernel, mainlineKernel } from "../kernel-from-commits.ts";

export const linux57: Kernel = mainlineKernel(
  "5.7",
  {
    name: "linux-5.7",
    doc: "Linux 5.7: the ICR fastpath takes one target only",
    source: "Linux 5.7.14, arch/x86/kvm and virt/kvm",
  },
  ["srbds"],
);
