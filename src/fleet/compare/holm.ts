/**
 * Which of many differences are real. Of a hundred figures that chance alone moves, five lie
 * outside an interval of 95 %; Holm's step-down test keeps the chance of even one such claim below 5 %.
 * Source: S. Holm, "A simple sequentially rejective multiple test procedure", 1979.
 */

const LEVEL = 0.05;

/** For each p-value, whether its difference is beyond chance among all of them. */
export function beyondChance(pValues: readonly number[]): readonly boolean[] {
  const rejected = pValues.map(() => false);
  const order = pValues.map((p, i) => ({ p, i })).toSorted((a, b) => a.p - b.p);
  for (const [rank, { p, i }] of order.entries()) {
    if (p > LEVEL / (pValues.length - rank)) break;
    rejected[i] = true;
  }
  return rejected;
}
