/**
 * A guest takes an interrupt: its core, awake by now, goes through the gate of the IDT to the
 * handler. With APICv the CPU delivers from the virtual IRR by itself; without, KVM has injected the
 * vector at the entry (vmx_inject_irq).
 */
import { VECTOR, type Vector } from "../guest/program.ts";
import { NEVER, type Instant } from "../lib/units.ts";
import { statIndex, type Accounting } from "./accounting.ts";
import { asleepInGuest } from "./guest-halt.ts";
import type { Tally } from "./tally.ts";
import type { Vcpu } from "./vcpu.ts";

const INJECTIONS = statIndex("irq_injections");

export interface TakingSettings {
  /** Cycles in which the guest's CPU gets to an interrupt's handler. */
  readonly interruptDelivery: number;
}

/** The highest pending vector is taken at `now`; `counted` is where that shows. */
export function takeInterrupt(
  vcpu: Vcpu,
  now: Instant,
  settings: TakingSettings,
  counted: { readonly accounting: Accounting; readonly tally: Tally },
): void {
  const vector = (1 << (31 - Math.clz32(vcpu.irr))) as Vector;
  vcpu.irr &= ~vector;
  const at = (now + settings.interruptDelivery) as Instant;
  if (vcpu.haltedInGuest) {
    vcpu.sleptInGuest += asleepInGuest(vcpu, now);
    vcpu.haltedInGuest = false;
  }
  // What APICv delivers from the virtual IRR passes KVM by.
  if (!vcpu.apicv) counted.tally.add(INJECTIONS, 1);
  if (vector === VECTOR.timer && vcpu.lateFor !== NEVER) {
    counted.accounting.timerLatency(Math.max(0, at - vcpu.lateFor));
    vcpu.lateFor = NEVER;
  }
  if (vector === VECTOR.reschedule && vcpu.ipiSentAt !== NEVER) {
    counted.accounting.ipiLatency(at - vcpu.ipiSentAt);
    vcpu.ipiSentAt = NEVER;
  }
  vcpu.program.interrupt(vector, at, vcpu.program.runCycles);
  vcpu.program.runCycles += at - now;
}
