/**
 * Linux 4.18 as enterprise distributions ship it: read from 4.18.0-147 (RHEL 8.1), which is
 * upstream's KVM of that time plus the mitigations backported since. No fastpath at all, no
 * posted timer, timers pinned to the CPU that armed them. Upstream's own 4.18 of August 2018
 * predates MDS and TAA; the distributions' kernel knows both.
 */
import { type Kernel, mainlineKernel } from "../kernel-from-commits.ts";

export const linux418: Kernel = mainlineKernel(
  "4.18",
  {
    name: "linux-4.18",
    doc: "Linux 4.18 as in RHEL 8.1 (4.18.0-147): no fastpaths, no posted timer, pinned hrtimers",
    source: "the kernel of RHEL 8.1, 4.18.0-147, arch/x86/kvm and virt/kvm",
  },
  ["mds", "tsx_async_abort", "itlb_multihit", "3b8a5df6c4dc"],
);
