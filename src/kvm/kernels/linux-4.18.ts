/**
 * Linux 4.18 as enterprise distributions ship it: read from 4.18.0-147 (RHEL 8.1), which is
 * upstream's KVM of that time plus the mitigations backported since. No fastpath at all, no
 * posted timer, timers pinned to the CPU that armed them. Upstream's own 4.18 of August 2018
 * predates MDS and TAA; the distributions' kernel knows both.
 */
import type { Kernel } from "../kernel.ts";

export const linux418 = {
  name: "linux-4.18",
  doc: "Linux 4.18 as in RHEL 8.1 (4.18.0-147): no fastpaths, no posted timer, pinned hrtimers",
  traits: {
    icr: "absent",
    icrAccepts: "physical_fixed_unicast",
    tscDeadline: "absent",
    preemptionTimer: "absent",
    hlt: "absent",
    invd: "absent",
    postedTimer: "absent",
    ipiVirtualization: "absent",
    hrtimerPinned: true,
    waiter: "swait",
    pendingTimer: "request_and_kick",
    exitsStatCountsReentry: false,
    timerAdvance: "stepwise",
    haltPollShrink: 0,
    isolcpusNohzIsolatesTimer: false,
    contextTracking: "outer_loop",
    verw: "only_without_l1d_flush",
    knows: ["meltdown", "spectre_v2", "l1tf", "mds", "tsx_async_abort"],
    spectreV2Wording: "full_generic_retpoline",
  },
  postsTimersInEnterpriseCloud: false,
  source: "the kernel of RHEL 8.1, 4.18.0-147, arch/x86/kvm and virt/kvm",
} as const satisfies Kernel;
