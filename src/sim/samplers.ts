/** Durations from uniform draws. All results are whole cycles, at least 1. */

import { nearest } from "../lib/nearest.ts";

/** Exponential with the given mean: the gap of a Poisson process. */
export const exponential = (u: number, mean: number): number => Math.max(1, nearest(-Math.log(u) * mean));

/**
 * Standard normal quantile (Acklam's rational approximation, relative error below 1.2e-9).
 * Source: P. J. Acklam, "An algorithm for computing the inverse normal cumulative distribution
 * function", 2003.
 */
export function normalQuantile(u: number): number {
  if (u < 0.02425) return tail(Math.sqrt(-2 * Math.log(u)));
  if (u > 1 - 0.02425) return -tail(Math.sqrt(-2 * Math.log(1 - u)));
  const q = u - 0.5;
  const r = q * q;
  const numerator =
    (((((-39.69683028665376 * r + 220.9460984245205) * r - 275.9285104469687) * r + 138.357751867269) * r - 30.66479806614716) * r +
      2.506628277459239) *
    q;
  const denominator =
    ((((-54.47609879822406 * r + 161.5858368580409) * r - 155.6989798598866) * r + 66.80131188771972) * r - 13.28068155288572) * r + 1;
  return numerator / denominator;
}

function tail(q: number): number {
  const numerator =
    ((((-0.007784894002430293 * q - 0.3223964580411365) * q - 2.400758277161838) * q - 2.549732539343734) * q + 4.374664141464968) * q +
    2.938163982698783;
  const denominator = (((0.007784695709041462 * q + 0.3224671290700398) * q + 2.445134137142996) * q + 3.754408661907416) * q + 1;
  return numerator / denominator;
}

/** Log-normal with mean 1 and coefficient of variation `cv`. */
export function logNormal(u: number, cv: number): number {
  const variance = Math.log(1 + cv * cv);
  return Math.exp(Math.sqrt(variance) * normalQuantile(u) - variance / 2);
}

const STEPS = 1024;

/** A quantile function as a table of `STEPS` + 1 points, read by linear interpolation. */
export function quantileTable(quantile: (u: number) => number): Float64Array {
  return Float64Array.from({ length: STEPS + 1 }, (_, i) => quantile(Math.min(Math.max(i / STEPS, 0.25 / STEPS), 1 - 0.25 / STEPS)));
}

/** A second uniform number out of a draw: the digits that do not choose the table's entry. */
export const otherDigits = (u: number): number => u * STEPS - ((u * STEPS) | 0);

/** Reads a quantile table at u in (0, 1). */
export function readQuantile(table: Float64Array, u: number): number {
  const at = u * STEPS;
  const low = at | 0;
  const a = table[low] as number;
  return a + ((table[low + 1] as number) - a) * (at - low);
}
