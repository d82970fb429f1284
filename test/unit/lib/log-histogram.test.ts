import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { LogHistogram } from "../../../src/lib/log-histogram.ts";

const values = fc.array(fc.double({ min: 0, max: 1e10, noNaN: true }), { minLength: 1, maxLength: 200 });

function histogramOf(from: readonly number[]): LogHistogram {
  const histogram = new LogHistogram();
  for (const value of from) histogram.add(value);
  return histogram;
}

describe("a histogram of logarithmic steps", () => {
  it("is right about every quantile within a 64th, and within 1 below 64", () => {
    fc.assert(
      fc.property(values, fc.double({ min: 0.01, max: 1, noNaN: true }), (from, share) => {
        const sorted = from.toSorted((a, b) => a - b);
        const exact = sorted[Math.ceil(share * sorted.length - 1e-9) - 1] as number;
        const found = histogramOf(from).quantile(share) as number;
        expect(Math.abs(found - exact)).toBeLessThanOrEqual(Math.max(1, exact / 64) * (1 + 1e-9));
      }),
    );
  });

  it("keeps the mean exactly", () => {
    expect(histogramOf([1, 2, 600_000]).mean()).toBe(600_003 / 3);
  });

  it("adds up like the values themselves, each as often as is said", () => {
    fc.assert(
      fc.property(values, values, (a, b) => {
        const sum = histogramOf(a);
        sum.addAll(histogramOf(b), 2);
        const together = histogramOf([...a, ...b, ...b]);
        expect(sum.count).toBe(together.count);
        expect(sum.quantile(0.5)).toBe(together.quantile(0.5));
      }),
    );
  });

  it("has neither mean nor quantile while it is empty", () => {
    expect([new LogHistogram().mean(), new LogHistogram().quantile(0.99)]).toEqual([null, null]);
  });
});
