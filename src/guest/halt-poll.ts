/**
 * cpuidle-haltpoll: a guest that polls for work before it halts, and asks KVM not to poll for it
 * (MSR_KVM_POLL_CONTROL). Linux drivers/cpuidle/governors/haltpoll.c adjust_poll_limit with its defaults.
 */
import { cyclesOf } from "../lib/units.ts";

const MAX_NS = 200_000;
const GROW_START_NS = 50_000;
const GROW = 2;
const SHRINK = 2;

export class GuestHaltPoll {
  /** How long the next poll lasts at most, cycles (poll_limit_ns). */
  limit = -0;
  private readonly max: number;
  private readonly growStart: number;

  constructor(ghz: number) {
    this.max = cyclesOf(MAX_NS, ghz);
    this.growStart = cyclesOf(GROW_START_NS, ghz);
  }

  /** The vCPU was halted for so many cycles: a little more polling would have spared that, or none would. */
  reflect(halted: number): void {
    if (halted > this.limit && halted <= this.max) this.limit = Math.min(Math.max(this.limit * GROW, this.growStart), this.max);
    else if (halted > this.max) this.limit = Math.floor(this.limit / SHRINK);
  }
}
