/**
 * A request for the conditional L1D flush that comes while an exit is in flight. Linux
 * arch/x86/include/asm/hardirq.h kvm_set_cpu_l1tf_flush_l1d, arch/x86/kvm/vmx/vmx.c vmx_l1d_flush.
 */
import type { Vcpu } from "./vcpu.ts";

/** Interrupt entry asks for it; returns the cycles that it adds to the exit in flight, before the entry. */
export function askForFlush(vcpu: Vcpu): number {
  if (vcpu.flush || vcpu.cost === null || vcpu.cost.conditionalFlush === 0) return 0;
  vcpu.flush = true;
  return vcpu.cost.conditionalFlush;
}
