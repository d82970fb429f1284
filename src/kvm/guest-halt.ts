/**
 * HLT or MWAIT that the guest executes without an exit: its core sleeps inside the guest, and
 * whatever comes has to get it out of its C-state first, a VM exit as well as an interrupt that
 * needs none.
 *
 * KVM_CAP_X86_DISABLE_EXITS; on VMX the VMCS keeps the activity state HLT, so that the guest sleeps
 * on after an exit that brings it nothing. Simplified: so it does on SVM.
 */
import { cstatesOf, idleExitNs, type CState } from "../hw/cstates.ts";
import type { Program } from "../guest/program.ts";
import { cyclesOf, NEVER, type Instant } from "../lib/units.ts";
import type { ResolvedGuest, ResolvedHost } from "./resolved.ts";
import { STATE, type Vcpu } from "./vcpu.ts";

/** States that a guest reaches itself: with HLT C1, with MWAIT what the host may use, but AMD's deeper state, which a read of an I/O port enters. */
export function guestCstates({ spec, cpu }: ResolvedHost, { mwaitInGuest }: ResolvedGuest, program: Program): readonly CState[] {
  const cstates = cstatesOf(spec.cpu, spec.cstates);
  return mwaitInGuest && !program.haltsOnly && cpu.vendor === "intel" ? cstates : cstates.filter(({ name }) => name === "c1");
}

/** How long the core has slept inside the guest since the HLT or the last entry, if it does; leaving the C-state is no sleep. */
export function asleepInGuest(vcpu: Vcpu, now: number): number {
  if (!vcpu.haltedInGuest || vcpu.state !== STATE.guest) return 0;
  return Math.min(now, vcpu.wokenAt) - Math.max(vcpu.haltStart, vcpu.since);
}

/** An event reaches the core: when it can do something about it. */
export function coreAwakeAt(vcpu: Vcpu, now: Instant): Instant {
  if (!vcpu.haltedInGuest || vcpu.state !== STATE.guest) return now;
  if (vcpu.wokenAt === NEVER) {
    const { ghz, guestCstates: usable } = vcpu;
    const exitNs = idleExitNs(usable, asleepInGuest(vcpu, now) / ghz);
    vcpu.wokenAt = now;
    vcpu.awakeAt = (now + cyclesOf(exitNs, ghz)) as Instant;
  }
  return Math.max(now, vcpu.awakeAt) as Instant;
}
