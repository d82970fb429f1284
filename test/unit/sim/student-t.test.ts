import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { studentP, studentQuantile } from "../../../src/sim/student-t.ts";

describe("Student's t", () => {
  it.each([
    [1, 12.7062],
    [2, 4.30265],
    [3, 3.18245],
    [4, 2.77645],
    [9, 2.26216],
    [39, 2.02269],
    [120, 1.97993],
    [10_000, 1.9602],
  ])("has the 95 %% quantile that tables print for %i degrees of freedom", (freedom, quantile) => {
    expect(studentQuantile(0.95, freedom)).toBeCloseTo(quantile, 4);
  });

  it("inverts its own distribution", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 300 }), fc.double({ min: 0.5, max: 0.9999, noNaN: true }), (freedom, confidence) => {
        expect(studentP(studentQuantile(confidence, freedom), freedom)).toBeCloseTo(1 - confidence, 9);
      }),
    );
  });

  it("gives 1 for no difference, and the same for either sign", () => {
    expect(studentP(0, 7)).toBe(1);
    expect(studentP(-2.3, 7)).toBe(studentP(2.3, 7));
  });

  it("is Cauchy's distribution with one degree of freedom", () => {
    for (const t of [0.1, 1, 5, 40]) expect(studentP(t, 1)).toBeCloseTo(1 - (2 / Math.PI) * Math.atan(t), 12);
  });
});
