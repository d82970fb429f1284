import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Stream } from "../../../src/sim/random.ts";
import { exponential, logNormal, normalQuantile, quantileTable, readQuantile } from "../../../src/sim/samplers.ts";

const uniform = fc.double({ min: 1e-9, max: 1 - 1e-9, noNaN: true });
const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
const draws = (count: number): number[] => {
  const stream = new Stream(1, "samplers");
  return Array.from({ length: count }, () => stream.next());
};

/** Normal distribution by the complementary error function's series, for comparison. */
function normalCdf(x: number): number {
  let term = x;
  let sum = x;
  for (let i = 1; i < 200; i++) {
    term *= (-x * x) / (2 * i);
    sum += term / (2 * i + 1);
  }
  return 0.5 + sum / Math.sqrt(2 * Math.PI);
}

describe("the normal quantile", () => {
  it("has the quantiles of every table", () => {
    for (const [u, z] of [
      [0.5, 0],
      [0.841344746, 1],
      [0.975, 1.959964],
      [0.99, 2.326348],
      [0.001, -3.090232],
      [1e-6, -4.753424],
    ] as const) {
      expect(normalQuantile(u)).toBeCloseTo(z, 5);
    }
  });

  it("inverts the distribution, and is odd about the middle", () => {
    fc.assert(
      fc.property(fc.double({ min: 0.0001, max: 0.9999, noNaN: true }), (u) => {
        expect(normalCdf(normalQuantile(u))).toBeCloseTo(u, 7);
        expect(normalQuantile(1 - u)).toBeCloseTo(-normalQuantile(u), 6);
      }),
    );
  });
});

describe("an exponential duration", () => {
  it("is a whole number of cycles, at least one, and shorter the larger the draw", () => {
    fc.assert(
      fc.property(uniform, uniform, fc.integer({ min: 1, max: 1e9 }), (u, v, average) => {
        const cycles = exponential(u, average);
        expect(Number.isInteger(cycles) && cycles >= 1).toBe(true);
        if (u < v) expect(cycles).toBeGreaterThanOrEqual(exponential(v, average));
      }),
    );
  });

  it("has the mean and the half-life that were asked for", () => {
    const values = draws(200_000).map((u) => exponential(u, 10_000));
    expect(mean(values) / 10_000).toBeCloseTo(1, 2);
    expect(values.filter((value) => value > 10_000 * Math.LN2).length / values.length).toBeCloseTo(0.5, 2);
  });
});

describe("a log-normal factor", () => {
  it.each([0.05, 0.4, 0.8, 2])("has mean 1 and the coefficient of variation %d", (cv) => {
    const values = draws(400_000).map((u) => logNormal(u, cv));
    expect(mean(values)).toBeCloseTo(1, 1);
    const median = values.toSorted((a, b) => a - b)[values.length / 2]!;
    expect(median * Math.sqrt(1 + cv * cv)).toBeCloseTo(1, 1);
    if (cv < 1) expect(Math.sqrt(mean(values.map((value) => (value - 1) ** 2))) / cv).toBeCloseTo(1, 1);
  });
});

describe("a quantile table", () => {
  const table = quantileTable((u) => logNormal(u, 0.8));

  it("is read between its points, and never falls", () => {
    fc.assert(
      fc.property(uniform, uniform, (u, v) => {
        const [low, high] = [Math.min(u, v), Math.max(u, v)];
        expect(readQuantile(table, low)).toBeLessThanOrEqual(readQuantile(table, high));
      }),
    );
  });

  it("stays close to the function away from its tails", () => {
    for (let u = 0.02; u < 0.98; u += 0.003) expect(readQuantile(table, u) / logNormal(u, 0.8)).toBeCloseTo(1, 3);
  });

  it("keeps the mean", () => {
    expect(mean(draws(200_000).map((u) => readQuantile(table, u)))).toBeCloseTo(1, 1);
  });
});
