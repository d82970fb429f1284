/**
 * The guest takes the highest vector that is pending: from the virtual IRR by itself, or by an
 * injection at the entry; a core that sleeps inside the guest wakes up for it.
 *
 * Linux arch/x86/kvm/vmx/vmx.c vmx_inject_irq, vmx_sync_pir_to_irr; the rest is the CPU's (SDM 3,
 * virtual-interrupt delivery).
 */
import { VECTOR, type Vector } from "../guest/program.ts";
import { idleExitNs, type CState } from "../hw/cstates.ts";
import { cyclesOf, type Instant, NEVER } from "../lib/units.ts";
import { statIndex, type Accounting } from "./accounting.ts";
import type { Tally } from "./tally.ts";
import type { Vcpu } from "./vcpu.ts";

const INJECTIONS = statIndex("irq_injections");

export interface InterruptSettings {
  readonly ghz: number;
  /** C-states that a guest reaches itself when MWAIT, or only HLT (which is C1), does not exit. */
  readonly mwaitCstates: readonly CState[];
  readonly hltCstates: readonly CState[];
  /** Cycles in which the guest's CPU gets to an interrupt's handler. */
  readonly interruptDelivery: number;
}

export function takeInterrupt(vcpu: Vcpu, now: Instant, settings: InterruptSettings, accounting: Accounting, tally: Tally): void {
  const vector = (1 << (31 - Math.clz32(vcpu.irr))) as Vector;
  vcpu.irr &= ~vector;
  let at = (now + settings.interruptDelivery) as Instant;
  if (vcpu.haltedInGuest) {
    vcpu.sleptInGuest += vcpu.asleepInGuest(now);
    vcpu.haltedInGuest = false;
    at = (at + wakeFromGuestHalt(vcpu, now, settings)) as Instant;
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

/** The core leaves the C-state that the guest itself put it into. */
function wakeFromGuestHalt(vcpu: Vcpu, now: Instant, { ghz, mwaitCstates, hltCstates }: InterruptSettings): number {
  const usable = vcpu.mwaitInGuest ? mwaitCstates : hltCstates;
  return cyclesOf(idleExitNs(usable, (now - vcpu.haltStart) / ghz), ghz);
}
