/**
 * KVM's code and data on one CPU: warm while exits follow each other, cold when other things ran in
 * between. Three of them displace it, each the more the longer: a sleep (the scheduler's part, too), another path
 * of host code (a tick, a device's interrupt), and the guest's own work, as far as its working set
 * does not fit the cache beside KVM. The next exit pays for what is gone, and is alone in that.
 *
 * In a real host: misses of the instruction and data caches and of the branch predictors after
 * each VM exit. Simplified: one share says how cold all of KVM is; every exit warms all of it.
 */
import { tailTable } from "../cost/noise.ts";
import { COLD, EXTRAS } from "../cost/paths.ts";
import type { ExitCost } from "../cost/plan.ts";
import { nearest } from "../lib/nearest.ts";
import { otherDigits, readQuantile } from "../sim/samplers.ts";

const SPREAD = tailTable(COLD.spread.value);

export class ColdCaches {
  /** How much longer a cycle of the exit in flight takes. */
  slowdown = -0;
  /** Cycles that this adds to it. */
  cycles = -0;
  /** Shares of KVM's lines that are gone since the last exit began: as far as the shared cache, and to memory. */
  private nearby = -0;
  private gone = -0;
  /** Share that the guest's work displaces in the end. */
  private readonly pressure: number;

  constructor(workingSetMib: number) {
    this.pressure = workingSetMib / (workingSetMib + COLD.cacheMib.value);
  }

  /** Another path of host code ran on the CPU. */
  displace(cycles: number): void {
    this.nearby += ((1 - this.nearby) * cycles) / (cycles + COLD.workHalf.value);
  }

  /** The thread was away from its CPU; returns what it takes to come back, on the reference core. */
  away(ns: number): number {
    const share = ns / (ns + COLD.sleepHalfNs.value);
    this.gone += (1 - this.gone) * share;
    return EXTRAS.coldCaches.value * share;
  }

  /** An exit begins after so many cycles of the guest; `draw` decides how cold it finds its path. Returns its further cycles. */
  exit(cost: ExitCost, guestCycles: number, draw: number): number {
    if (this.pressure > 0) this.nearby += ((1 - this.nearby) * this.pressure * guestCycles) / (guestCycles + COLD.workHalf.value);
    const { nearby, gone } = this;
    this.nearby = 0;
    this.gone = 0;
    const cold = gone + (1 - gone) * nearby * COLD.nearby.value;
    this.slowdown = cold === 0 ? 0 : cold * COLD.code.value * readQuantile(SPREAD, otherDigits(draw));
    return (this.cycles = nearest(this.slowdown * cost.software));
  }
}
