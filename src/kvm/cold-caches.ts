/**
 * KVM's code and data on one CPU: warm while exits follow each other, cold when other things ran in
 * between. Three of them displace it, each the more the longer: a sleep (the scheduler's part, too), another path
 * of host code (a tick, a device's interrupt), and the guest's own work, as far as its working set
 * does not fit the cache beside KVM. The next exit pays for what is gone, and is alone in that.
 *
 * In a real host: misses of the instruction and data caches and of the branch predictors after
 * each VM exit. Simplified: one share says how cold all of KVM is; every exit warms all of it.
 */
import { COLD_TABLE } from "../cost/noise.ts";
import { CACHE_MIB, COLD_CACHES_HALF_NS, COLD_CODE, EXTRAS, WORK_HALF } from "../cost/paths.ts";
import type { ExitCost } from "../cost/plan.ts";
import { nearest } from "../lib/nearest.ts";
import { otherDigits, readQuantile } from "../sim/samplers.ts";

export class ColdCaches {
  /** How much longer a cycle of the exit in flight takes. */
  slowdown = -0;
  /** Cycles that this adds to it. */
  cycles = -0;
  /** Share of KVM's lines that is gone since the last exit began. */
  private displaced = -0;
  /** Share that the guest's work displaces in the end. */
  private readonly pressure: number;

  constructor(workingSetMib: number) {
    this.pressure = workingSetMib / (workingSetMib + CACHE_MIB.value);
  }

  /** Another path of host code ran on the CPU. */
  displace(cycles: number): void {
    this.lose(cycles / (cycles + WORK_HALF.value));
  }

  /** The thread was away from its CPU; returns what it takes to come back, on the reference core. */
  away(ns: number): number {
    const share = ns / (ns + COLD_CACHES_HALF_NS.value);
    this.lose(share);
    return EXTRAS.coldCaches.value * share;
  }

  /** An exit begins after so many cycles of the guest; `draw` decides how cold it finds its path. Returns its further cycles. */
  exit(cost: ExitCost, guestCycles: number, draw: number): number {
    if (this.pressure > 0) this.lose((this.pressure * guestCycles) / (guestCycles + WORK_HALF.value));
    this.slowdown = this.displaced === 0 ? 0 : this.displaced * COLD_CODE.value * readQuantile(COLD_TABLE, otherDigits(draw));
    this.displaced = 0;
    return (this.cycles = nearest(this.slowdown * cost.software));
  }

  private lose(share: number): void {
    this.displaced += (1 - this.displaced) * share;
  }
}
