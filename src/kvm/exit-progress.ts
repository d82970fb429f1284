/**
 * How far an exit in flight has come, for views between two events. The windows of mitigation
 * work never move once time has entered them, so what this returns only grows.
 */
import { PHASE, STATE, type Vcpu } from "./vcpu.ts";

/**
 * Mitigation cycles of the exit in flight that have passed: those after the switch, those before the
 * entry, and the barriers with which a vCPU that others had displaced begins to run again.
 */
export function mitigationSoFar(vcpu: Vcpu, now: number): number {
  const { cost } = vcpu;
  if (cost === null) return 0;
  const exiting = vcpu.state === STATE.exit;
  const elapsed = vcpu.elapsed + (exiting ? now - vcpu.since : 0);
  const barriers = vcpu.barrierCycles - vcpu.barrierNow + (exiting ? clamp(now - vcpu.since, vcpu.barrierNow) : 0);
  return clamp(elapsed - cost.switchOut, cost.mitigationOut) + inEntryWindow(vcpu, now) + barriers;
}

/** Those before the entry. A vCPU that was preempted at its exit's end has them behind it. */
export function inEntryWindow(vcpu: Vcpu, now: number): number {
  const { cost, mitigationHeld } = vcpu;
  if (cost === null || vcpu.state !== STATE.exit || vcpu.phase !== PHASE.end) return mitigationHeld;
  const flush = vcpu.flush ? cost.conditionalFlush : 0;
  const begin = vcpu.stepAt - vcpu.waitCycles - vcpu.loopCycles - cost.afterWait - flush;
  return Math.max(mitigationHeld, clamp(now - begin, cost.mitigationIn + flush));
}

const clamp = (value: number, most: number): number => Math.min(Math.max(value, 0), most);
