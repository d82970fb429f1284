/**
 * The expiry of the VMX preemption timer, which stands in for the guest's APIC timer, injects
 * the interrupt and re-enters the guest from the inner run loop.
 */
import type { Patch } from "../kernel.ts";

export const fastpathPreemptionTimer = {
  name: "fastpath-preemption-timer",
  // Known by its series of 2020 (v1 to v5), not by hash.
  commits: [],
  title: "KVM: VMX: Handle preemption timer fastpath",
  traits: { preemptionTimer: "present" },
  source: "upstream 5.8, arch/x86/kvm/vmx/vmx.c handle_fastpath_preemption_timer (timer fastpath series v5)",
} as const satisfies Patch;
