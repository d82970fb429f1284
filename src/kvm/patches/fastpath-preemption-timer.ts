/**
 * The expiry of the VMX preemption timer, which stands in for the guest's APIC timer, injects
 * the interrupt and re-enters the guest from the inner run loop.
 */
import type { Patch } from "../patch.ts";

export const fastpathPreemptionTimer = {
  name: "fastpath-preemption-timer",
  commits: ["generic-fastpath-handler", "379a3c8ee444", "preemption-timer-fastpath"],
  title: "KVM: VMX: Handle preemption timer fastpath",
  source: "upstream 5.8, arch/x86/kvm/vmx/vmx.c handle_fastpath_preemption_timer (timer fastpath series v5)",
} as const satisfies Patch;
