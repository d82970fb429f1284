import { describe, expect, test } from "vitest";
import { demandAt, stretched } from "../../../src/guest/rhythm.ts";

const rhythm = { period_s: 100, busy_share: 0.3, quiet_load: 0.1 };

describe("demand", () => {
  test("that is steady is whole at any time", () => {
    expect([0, 1, 1e6].map((at) => demandAt({ ...rhythm, shape: "steady" }, at))).toEqual([1, 1, 1]);
  });

  test("in bursts is whole for the busy share of each period, and little for the rest", () => {
    const at = [0, 29.9, 30.1, 99.9, 100.1, 1030.1];
    expect(at.map((seconds) => demandAt({ ...rhythm, shape: "bursts" }, seconds))).toEqual([1, 1, 0.1, 0.1, 1, 0.1]);
  });

  test("that ends between two requests brings the next one when the next burst is due, not a quiet gap later", () => {
    const bursts = { ...rhythm, shape: "bursts", quiet_load: 0.001 } as const;
    expect(stretched(bursts, 29, 2)).toBeCloseTo(100 - 29 + 1 - 0.07, 3);
    expect(stretched(bursts, 10, 2)).toBe(2);
  });

  test("of a day is least at its ends and whole in its middle", () => {
    const day = (seconds: number): number => demandAt({ ...rhythm, shape: "diurnal" }, seconds);
    expect(day(0)).toBeCloseTo(0.1);
    expect(day(50)).toBeCloseTo(1);
    expect(day(25)).toBeCloseTo(0.55);
    expect(day(100)).toBeCloseTo(0.1);
  });
});
