/** A core that the guest itself put to sleep, by a HLT or MWAIT that KVM does not intercept. */
import { idleExitNs, type CState } from "../hw/cstates.ts";
import { cyclesOf, type Instant } from "../lib/units.ts";
import type { Vcpu } from "./vcpu.ts";

export interface GuestHaltSettings {
  readonly ghz: number;
  /** C-states that a guest reaches itself when MWAIT, or only HLT (which is C1), does not exit. */
  readonly mwaitCstates: readonly CState[];
  readonly hltCstates: readonly CState[];
}

/** Cycles in which the core leaves the C-state that the guest put it into. */
export function wakeFromGuestHalt(vcpu: Vcpu, { ghz, mwaitCstates, hltCstates }: GuestHaltSettings, now: Instant): number {
  const usable = vcpu.mwaitInGuest ? mwaitCstates : hltCstates;
  return cyclesOf(idleExitNs(usable, (now - vcpu.haltStart) / ghz), ghz);
}
