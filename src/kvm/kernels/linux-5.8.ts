/**
 * Linux 5.8 (August 2020): the kernel of the timer fastpaths. ICR writes skip the exit handler;
 * TSC_DEADLINE writes and preemption-timer expiries re-enter the guest from the inner run loop.
 * Posted timers (since 5.3) follow `pi_inject_timer` for every VM of the host, which is the
 * regression of DPDK hosts.
 */
import { type Kernel, mainlineKernel } from "../kernel-from-commits.ts";

export const linux58: Kernel = mainlineKernel("5.8", {
  name: "linux-5.8",
  doc: "Linux 5.8: the first with all three fastpaths; rcuwait; pi_inject_timer applies to every VM of the host",
  source: "Linux 5.8.18, arch/x86/kvm and virt/kvm",
});
