/**
 * Linux 5.15 (October 2021, long-term) as of 5.15.100: the fix of the posted timer and the
 * mitigations of 2022 are backported. The re-entry loop is common code now. A timer fastpath sends
 * its own CPU a useless notification, for the test of 379a3c8ee444 was lost.
 */
import { type Kernel, mainlineKernel } from "../kernel-from-commits.ts";

export const linux515: Kernel = mainlineKernel(
  "5.15",
  {
    name: "linux-5.15",
    doc: "Linux 5.15 (5.15.100): posted timers only for VMs with disabled exits (backported), the mitigations of 2022",
    source: "Linux 5.15.100, arch/x86/kvm and virt/kvm",
  },
  ["1714a4eb6fb0", "spectre-bhb-2022", "mmio_stale_data", "retbleed", "pbrsb"],
);
