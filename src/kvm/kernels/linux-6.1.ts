/**
 * Linux 6.1 (December 2022, long-term) as of 6.1.192, which a distribution ships: x2AVIC, and by
 * backport every mitigation up to VMSCAPE and the exits statistic that counts re-entries.
 */
import { type Kernel, mainlineKernel } from "../kernel-from-commits.ts";

export const linux61: Kernel = mainlineKernel(
  "6.1",
  {
    name: "linux-6.1",
    doc: "Linux 6.1 (6.1.192): x2AVIC; all mitigations up to VMSCAPE by backport",
    source: "Linux 6.1.192, as Debian ships it, arch/x86/kvm and virt/kvm; VERW before VMLAUNCH: assumed, for RFDS came with it",
  },
  [
    "8b703a49c9df",
    "automatic-ibrs",
    "gather_data_sampling",
    "spec_rstack_overflow",
    "verw-before-vmentry",
    "reg_file_data_sampling",
    "bhi",
    "its",
    "tsa",
    "vmscape",
  ],
);
