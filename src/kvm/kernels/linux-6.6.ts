/**
 * Linux 6.6 (October 2023, long-term) as of 6.6.47: VERW stands right before VMLAUNCH, so an L1D
 * flush no longer replaces it; BHI by backport.
 */
import { type Kernel, mainlineKernel } from "../kernel-from-commits.ts";

export const linux66: Kernel = mainlineKernel(
  "6.6",
  {
    name: "linux-6.6",
    doc: "Linux 6.6 (6.6.47): VERW right before VMLAUNCH, GDS, SRSO; RFDS and BHI by backport",
    source: "Linux 6.6.47, arch/x86/kvm; RFDS and BHI: assumed from their dates",
  },
  ["verw-before-vmentry", "reg_file_data_sampling", "bhi"],
);
