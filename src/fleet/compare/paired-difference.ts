/**
 * How two arms differ in one figure, and how sure that is. Both arms ran over the same seeds, and
 * a draw belongs to a host and an event, so a batch of one arm and the same batch of the other are
 * paired: what chance brings to both cancels out.
 *
 * Method: batch means by jackknife. A batch is one block of time of one seed, all hosts together.
 * The figure is taken from all batches, and once without each; how much it moves gives the standard
 * error. For a plain mean that is the textbook's batch means; for ratios and quantiles it needs no
 * formula of their own. Neighbouring batches are joined in twos for as long as they are correlated
 * (lag-1 autocorrelation within the seeds, tested one-sided at 5 %), since correlated ones would
 * make the interval too narrow.
 */
import { studentP, studentQuantile } from "../../sim/student-t.ts";

export const CONFIDENCE = 0.95;

/** A difference with its confidence interval. */
export interface Difference {
  readonly value: number;
  /** Half the width of the interval; null where too few batches have the figure at all. */
  readonly halfWidth: number | null;
  /** Two-sided: how often a difference as large appears where there is none. */
  readonly p: number;
  /** Batches that the interval rests on, joined ones counted as one. */
  readonly batches: number;
}

/** The batches of both arms, whatever was measured in them, in the order of their seeds; each seed has as many. */
export interface Batches<Measured> {
  readonly seeds: number;
  readonly before: Leaving<Measured>;
  readonly after: Leaving<Measured>;
}

/** One arm's batches: everything, and everything without each. */
export interface Leaving<Measured> {
  readonly all: Measured;
  readonly without: readonly Measured[];
}

/** Difference by `contrast` of two values of a figure: null where it has none. */
export type Contrast = (before: number, after: number) => number | null;

/** The difference of a figure between the arms, or null where one of them does not have it. */
export function pairedDifference<Measured>(
  batches: Batches<Measured>,
  of: (measured: Measured) => number | null,
  contrast: Contrast,
): Difference | null {
  const between = (before: Measured, after: Measured): number | null => {
    const [a, b] = [of(before), of(after)];
    return a === null || b === null ? null : contrast(a, b);
  };
  const value = between(batches.before.all, batches.after.all);
  if (value === null) return null;
  const count = batches.before.without.length;
  const pseudo: number[] = [];
  for (const [i, before] of batches.before.without.entries()) {
    const without = between(before, batches.after.without[i] as Measured);
    if (without === null) return { value, halfWidth: null, p: 1, batches: count };
    pseudo.push(count * value - (count - 1) * without);
  }
  const independent = joined(pseudo, batches.seeds);
  const freedom = independent.length - 1;
  const error = Math.sqrt(variance(independent) / independent.length);
  const halfWidth = error * studentQuantile(CONFIDENCE, freedom);
  return { value, halfWidth, p: pOf(value, error, freedom), batches: independent.length };
}

function pOf(value: number, error: number, freedom: number): number {
  if (value === 0) return 1;
  return error === 0 ? 0 : studentP(value / error, freedom);
}

/** Fewer batches than this are not joined further. */
const BATCHES_MIN = 4;
/** Normal quantile of the one-sided test at 5 %. */
const Z = 1.645;

/** Batches joined with their neighbours of the same seed until they are not correlated. */
export function joined(values: readonly number[], seeds: number): readonly number[] {
  let current = values;
  for (;;) {
    const perSeed = current.length / seeds;
    if (perSeed % 2 !== 0 || current.length / 2 < BATCHES_MIN) return current;
    const pairs = current.length - seeds;
    // Without correlation the mean is about -pairs / n², the standard deviation √pairs / n.
    const limit = (Z * Math.sqrt(pairs) - pairs / current.length) / current.length;
    if (autocorrelation(current, perSeed) <= limit) return current;
    const whole = current;
    current = Array.from({ length: whole.length / 2 }, (_, i) => ((whole[2 * i] as number) + (whole[2 * i + 1] as number)) / 2);
  }
}

/** Lag-1 autocorrelation about the common mean, of neighbours in the same seed: what seeds differ in shows, too. */
function autocorrelation(values: readonly number[], perSeed: number): number {
  const mean = meanOf(values);
  let squares = 0;
  let products = 0;
  values.forEach((value, i) => {
    squares += (value - mean) ** 2;
    if (i % perSeed !== 0) products += (value - mean) * ((values[i - 1] as number) - mean);
  });
  return squares === 0 ? 0 : products / squares;
}

const meanOf = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

function variance(values: readonly number[]): number {
  const mean = meanOf(values);
  return values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1);
}
