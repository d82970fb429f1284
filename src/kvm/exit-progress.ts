/**
 * How far an exit in flight has come, for views between two events. Where mitigations lie inside
 * an exit is known to the cent only when it is over: a view takes them to come first, right after the
 * world switch, and a conditional flush to come last. Both windows never move once time has
 * entered them, so what this returns only grows.
 */
import { PHASE, STATE, type Vcpu } from "./vcpu.ts";

/** Mitigation cycles of the exit in flight that have passed. */
export function mitigationSoFar(vcpu: Vcpu, now: number): number {
  const { cost } = vcpu;
  if (cost === null) return 0;
  const elapsed = vcpu.elapsed + (vcpu.state === STATE.exit ? now - vcpu.since : 0);
  const compiled = clamp(elapsed - cost.switchOut, cost.mitigation);
  if (!vcpu.flush || vcpu.state !== STATE.exit || vcpu.phase !== PHASE.end) return compiled;
  const begin = vcpu.stepAt - vcpu.waitCycles - vcpu.loopCycles - cost.conditionalFlush;
  return compiled + clamp(now - begin, cost.conditionalFlush);
}

const clamp = (value: number, most: number): number => Math.min(Math.max(value, 0), most);
