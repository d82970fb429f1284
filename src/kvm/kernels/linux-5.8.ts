/**
 * Linux 5.8 (August 2020): the kernel of the timer fastpaths. ICR writes skip the exit handler;
 * TSC_DEADLINE writes and preemption-timer expiries re-enter the guest from the inner run loop.
 * Posted timers (since 5.3) follow `pi_inject_timer` for every VM of the host, which is the
 * regression of DPDK hosts.
 */
import type { Kernel } from "../kernel.ts";
import { linux418 } from "./linux-4.18.ts";

export const linux58 = {
  name: "linux-5.8",
  doc: "Linux 5.8: the first with all three fastpaths; rcuwait; pi_inject_timer applies to every VM of the host",
  traits: {
    ...linux418.traits,
    icr: "handled",
    tscDeadline: "needs_hv_timer",
    preemptionTimer: "present",
    postedTimer: "apicv",
    hrtimerPinned: false,
    waiter: "rcuwait",
    timerAdvance: "adaptive",
  },
  postsTimersInEnterpriseCloud: false,
  source: "Linux 5.8.18, arch/x86/kvm and virt/kvm",
} as const satisfies Kernel;
