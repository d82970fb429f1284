/**
 * A host's counters: plain additions in the hot path, carried into a second array at slice
 * borders, so that every count stays an exact integer for years: value = high × 2^48 + low.
 */
import { COUNTERS_LENGTH } from "./counters.ts";

const CARRY = 2 ** 48;

export class Tally {
  readonly low = new Float64Array(COUNTERS_LENGTH);
  readonly high = new Float64Array(COUNTERS_LENGTH);

  add(index: number, amount: number): void {
    this.low[index] = (this.low[index] as number) + amount;
  }

  /** Carries; call it before a region can grow by 2^53 − 2^48 (an hour of a busy host). */
  fold(): void {
    carry(this.low, this.high);
  }

  /** Copies the counters into arrays that belong to a snapshot. */
  copy(): { low: Float64Array; high: Float64Array } {
    return { low: this.low.slice(), high: this.high.slice() };
  }
}

/** Moves whole multiples of 2^48 from `low` into `high`. */
export function carry(low: Float64Array, high: Float64Array): void {
  for (let i = 0; i < low.length; i++) {
    const value = low[i] as number;
    if (value < CARRY) continue;
    const units = Math.floor(value / CARRY);
    high[i] = (high[i] as number) + units;
    low[i] = value - units * CARRY;
  }
}
