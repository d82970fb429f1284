/**
 * How far an exit in flight has come, for views between two events. The windows of mitigation
 * work never move once time has entered them, so what this returns only grows.
 */
import { PHASE, STATE, type Vcpu } from "./vcpu.ts";

/** Mitigation cycles of the exit in flight that have passed: those after the switch, then those before the entry. */
export function mitigationSoFar(vcpu: Vcpu, now: number): number {
  const { cost } = vcpu;
  if (cost === null) return 0;
  const elapsed = vcpu.elapsed + (vcpu.state === STATE.exit ? now - vcpu.since : 0);
  const out = clamp(elapsed - cost.switchOut, cost.mitigationOut);
  if (vcpu.state !== STATE.exit || vcpu.phase !== PHASE.end) return out;
  const flush = vcpu.flush ? cost.conditionalFlush : 0;
  const begin = vcpu.stepAt - vcpu.waitCycles - vcpu.loopCycles - cost.afterWait - flush;
  return out + clamp(now - begin, cost.mitigationIn + flush);
}

const clamp = (value: number, most: number): number => Math.min(Math.max(value, 0), most);
