/**
 * Linux 5.17 (March 2022): blocking and waking reworked. It still has the regression of DPDK
 * hosts, which its neighbours 5.15 (stable) and 5.18 have not.
 */
import { type Kernel, mainlineKernel } from "../kernel-from-commits.ts";

export const linux517: Kernel = mainlineKernel("5.17", {
  name: "linux-5.17",
  doc: "Linux 5.17: the last with the DPDK regression; blocking reworked",
  source: "Linux 5.17-rc5, arch/x86/kvm and virt/kvm",
});
