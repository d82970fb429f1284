/**
 * What an IBPB costs after it ran: the code that runs next finds its branches unpredicted. Host code
 * pays in the exit's own cost (`coldCosts`); the guest's code pays here, more the more of it runs.
 *
 * Linux: indirect_branch_prediction_barrier, before returning to user space (VMSCAPE), after
 * an exit (retbleed, SRSO) and at a switch to another VM. Simplified: the guest's predictors are refilled
 * once GUEST_FOOTPRINT cycles of code ran, whatever that code is.
 */
import { nearest } from "../lib/nearest.ts";
import type { Vcpu } from "./vcpu.ts";

/** The guest is about to run for `runCycles`: prolongs that while predictors refill. `refill`: cycles more per cycle of code. */
export function refillPredictors(vcpu: Vcpu, refill: number): void {
  const run = Math.min(vcpu.program.runCycles, vcpu.refillLeft);
  vcpu.refillLeft -= run;
  vcpu.program.runCycles += nearest(run * refill);
}
