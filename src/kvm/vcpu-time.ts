/** How a vCPU's time is divided over its states. */
import { AT } from "./counters.ts";
import type { Tally } from "./tally.ts";
import { STATE, type Vcpu } from "./vcpu.ts";

/** The vCPU's state changes: the stretch of the last one is counted, and if it was part of an exit, it is of its cycles. */
export function enterState(tally: Tally, vcpu: Vcpu, state: number, now: number): void {
  const cycles = now - vcpu.since;
  tally.add(AT.vcpuCycles + vcpu.state, cycles);
  if (vcpu.state === STATE.exit) {
    vcpu.elapsed += cycles;
    vcpu.barrierNow = 0;
  }
  vcpu.state = state;
  vcpu.since = now as typeof vcpu.since;
}

/** The guest's stretch of computation is broken off; the program goes on with the rest of it. */
export function breakOff(vcpu: Vcpu, now: number): void {
  vcpu.program.runCycles = vcpu.stepAt - now;
  if (vcpu.writes !== null) vcpu.program.runCycles += vcpu.writes.takeRest();
}
