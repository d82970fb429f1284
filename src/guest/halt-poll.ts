/**
 * cpuidle-haltpoll: a guest that polls for work before it halts, and asks KVM not to poll for it
 * (MSR_KVM_POLL_CONTROL). Linux drivers/cpuidle/governors/haltpoll.c adjust_poll_limit with its defaults.
 */
import { nearest } from "../lib/nearest.ts";
import { cyclesOf } from "../lib/units.ts";

const MAX_NS = 200_000;
const GROW_START_NS = 50_000;
const GROW = 2;
const SHRINK = 2;

export class GuestHaltPoll {
  /** How long the next poll lasts at most, cycles (poll_limit_ns). */
  limit = -0;
  private max = -0;
  private growStart = -0;
  private ghz: number;

  constructor(ghz: number) {
    this.ghz = ghz;
    this.measureBy(ghz);
  }

  /** Its times are those of a clock: so many cycles of the host are a nanosecond now. */
  measureBy(ghz: number): void {
    this.limit = nearest((this.limit * ghz) / this.ghz);
    this.max = cyclesOf(MAX_NS, ghz);
    this.growStart = cyclesOf(GROW_START_NS, ghz);
    this.ghz = ghz;
  }

  /** The vCPU was halted for so many cycles: a little more polling would have spared that, or none would. */
  reflect(halted: number): void {
    if (halted > this.limit && halted <= this.max) this.limit = Math.min(Math.max(this.limit * GROW, this.growStart), this.max);
    else if (halted > this.max) this.limit = Math.floor(this.limit / SHRINK);
  }
}
