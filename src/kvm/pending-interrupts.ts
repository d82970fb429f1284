/**
 * Host interrupts that ended the guest, or waited for its next entry to end it: the exit's first work.
 *
 * Linux arch/x86/kvm/vmx/vmx.c handle_external_interrupt_irqoff.
 */
import type { Vcpu } from "./vcpu.ts";

/** An EXTERNAL_INTERRUPT exit has begun: what waits is handled; returns its cycles. */
export function handlePending(vcpu: Vcpu): number {
  const cycles = vcpu.pendingInterruptCycles;
  vcpu.hasExtras = true;
  vcpu.interruptCycles = cycles;
  vcpu.earlyInterruptCycles = cycles;
  vcpu.pendingInterruptCycles = 0;
  vcpu.caches.displace(cycles);
  return cycles;
}
