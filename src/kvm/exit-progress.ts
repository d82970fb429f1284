/**
 * How far an exit in flight has come, for views between two events. Where mitigations lie inside
 * an exit is known to the cent only when it is over: a view takes them to come first, right after the
 * world switch, and a conditional flush to come last. Both windows never move once time has
 * entered them, so what this returns only grows.
 */
import { PHASE, STATE, type Vcpu } from "./vcpu.ts";

/**
 * Mitigation cycles of the exit in flight that have passed, the barriers among them with which a vCPU
 * that others had displaced begins to run again.
 */
export function mitigationSoFar(vcpu: Vcpu, now: number): number {
  const { cost } = vcpu;
  if (cost === null) return 0;
  const exiting = vcpu.state === STATE.exit;
  const elapsed = vcpu.elapsed + (exiting ? now - vcpu.since : 0);
  const barriers = vcpu.barrierCycles - vcpu.barrierNow + (exiting ? clamp(now - vcpu.since, vcpu.barrierNow) : 0);
  return clamp(elapsed - cost.switchOut, cost.mitigation) + flushSoFar(vcpu, now) + barriers;
}

/** Those of the conditional flush. A vCPU that was preempted at its exit's end has it behind it. */
export function flushSoFar(vcpu: Vcpu, now: number): number {
  const { cost, flushHeld } = vcpu;
  if (cost === null || !vcpu.flush || vcpu.state !== STATE.exit || vcpu.phase !== PHASE.end) return flushHeld;
  const begin = vcpu.stepAt - vcpu.waitCycles - vcpu.loopCycles - cost.conditionalFlush;
  return Math.max(flushHeld, clamp(now - begin, cost.conditionalFlush));
}

const clamp = (value: number, most: number): number => Math.min(Math.max(value, 0), most);
