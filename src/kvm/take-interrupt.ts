/**
 * The guest takes the highest vector that is pending: from the virtual IRR by itself, or by an
 * injection at the entry.
 *
 * Linux arch/x86/kvm/vmx/vmx.c vmx_inject_irq, vmx_sync_pir_to_irr; the rest is the CPU's (SDM 3,
 * virtual-interrupt delivery).
 */
import { VECTOR, type Vector } from "../guest/program.ts";
import { type Instant, NEVER } from "../lib/units.ts";
import { statIndex, type Accounting } from "./accounting.ts";
import { asleepInGuest } from "./guest-halt.ts";
import type { Tally } from "./tally.ts";
import type { Vcpu } from "./vcpu.ts";

const INJECTIONS = statIndex("irq_injections");

/** @param delivery cycles in which the guest's CPU gets to an interrupt's handler. */
export function takeInterrupt(vcpu: Vcpu, now: Instant, delivery: number, accounting: Accounting, tally: Tally): void {
  const vector = (1 << (31 - Math.clz32(vcpu.irr))) as Vector;
  vcpu.irr &= ~vector;
  const at = (now + delivery) as Instant;
  if (vcpu.haltedInGuest) {
    vcpu.sleptInGuest += asleepInGuest(vcpu, now);
    vcpu.haltedInGuest = false;
  }
  // vmx_inject_irq counts; what APICv delivers from the virtual IRR passes KVM by.
  if (!vcpu.apicv) tally.add(INJECTIONS, 1);
  if (vector === VECTOR.timer && vcpu.lateFor !== NEVER) {
    accounting.timerLatency(Math.max(0, at - vcpu.lateFor));
    vcpu.lateFor = NEVER;
  }
  if (vector === VECTOR.reschedule && vcpu.ipiSentAt !== NEVER) {
    accounting.ipiLatency(at - vcpu.ipiSentAt);
    vcpu.ipiSentAt = NEVER;
  }
  vcpu.program.interrupt(vector, at, vcpu.program.runCycles);
  vcpu.program.runCycles += at - now;
}
