/**
 * Student's t distribution for whole degrees of freedom: what a mean of few figures is judged by.
 * Source of the finite series: Abramowitz and Stegun, Handbook of Mathematical Functions, 26.7.3
 * and 26.7.4.
 */
import { assert } from "../lib/assert.ts";

/** Probability that |T| is at least `t`: the two-sided p-value. */
export function studentP(t: number, freedom: number): number {
  assert(Number.isInteger(freedom) && freedom >= 1, `degrees of freedom are a whole number from 1, not ${freedom}`);
  const angle = Math.atan(Math.abs(t) / Math.sqrt(freedom));
  const sine = Math.sin(angle);
  const cosine = Math.cos(angle);
  const odd = freedom % 2 === 1;
  // Terms grow by cos², and by 2/3, 4/5, … (odd) or 1/2, 3/4, … (even).
  let term = odd ? cosine : 1;
  let sum = freedom === 1 ? 0 : term;
  for (let i = odd ? 3 : 2; i < freedom; i += 2) {
    term *= ((i - 1) / i) * cosine * cosine;
    sum += term;
  }
  const within = odd ? (2 / Math.PI) * (angle + sine * sum) : sine * sum;
  return Math.min(1, Math.max(0, 1 - within));
}

/** The t that |T| stays below with probability `confidence`: half-width of an interval in standard errors. */
export function studentQuantile(confidence: number, freedom: number): number {
  assert(confidence > 0 && confidence < 1, `a confidence lies between 0 and 1, not at ${confidence}`);
  const outside = 1 - confidence;
  let high = 1;
  while (studentP(high, freedom) > outside) high *= 2;
  let low = 0;
  // Halving 60 times reaches a double's precision.
  for (let i = 0; i < 60; i++) {
    const middle = (low + high) / 2;
    if (studentP(middle, freedom) > outside) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}
