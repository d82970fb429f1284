/**
 * Paravirtual end of interrupt, which spares a guest without APICv most of the exits of its EOIs. At
 * an injection KVM sets a bit in the guest's memory; a guest that finds it clears it, and that is its
 * EOI. KVM learns of it at the next exit.
 *
 * Linux arch/x86/kvm/lapic.c apic_sync_pv_eoi_to_guest, apic_sync_pv_eoi_from_guest; guest side
 * arch/x86/kernel/kvm.c kvm_guest_apic_eoi_write. With APICv `irr_pending` is always true, so KVM
 * never asks. Simplified: interrupts of these guests do not nest, so at most one is in service.
 */
import type { Vcpu } from "./vcpu.ts";

/** A vector was injected: with no other one waiting the EOI is all that there will be to tell. */
export function askForEoiInMemory(vcpu: Vcpu): void {
  vcpu.pvEoiAsked = vcpu.pvEoi && vcpu.irr === 0;
}

/** The outer loop takes the bit back (kvm_lapic_sync_from_vapic), cleared or not; a re-entry of the inner loop leaves it. */
export function takeEoiBack(vcpu: Vcpu): void {
  vcpu.pvEoiAsked = false;
}

/** The guest's EOI: true when it was said in memory. */
export function saysEoiInMemory(vcpu: Vcpu): boolean {
  const asked = vcpu.pvEoiAsked;
  vcpu.pvEoiAsked = false;
  return asked;
}
