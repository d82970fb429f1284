import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { cstatesOf, idleExitNs } from "../../../src/hw/cstates.ts";
import { CPU_NAMES } from "../../../src/hw/cpus.ts";

const SKYLAKE = cstatesOf("skylake-sp", "c6");

describe("the C-states that a host may use", () => {
  it("are none with idle=poll, C1 alone, or all of the model's", () => {
    const names = (deepest: "c0" | "c1" | "c6"): string[] => cstatesOf("skylake-sp", deepest).map(({ name }) => name);
    expect([names("c0"), names("c1"), names("c6")]).toEqual([[], ["c1"], ["c1", "c1e", "c6"]]);
  });

  it.each(CPU_NAMES)("get deeper, slower to leave, and want longer sleeps (%s)", (cpu) => {
    const states = cstatesOf(cpu, "c6");
    const rising = (values: readonly number[]): boolean => values.every((value, i) => i === 0 || value > values[i - 1]!);
    expect(rising(states.map(({ exitNs }) => exitNs)) && rising(states.map(({ residencyNs }) => residencyNs))).toBe(true);
  });
});

describe("leaving idle", () => {
  it.each([
    [0, 0],
    [1_999, 0],
    [2_000, 2_000],
    [19_999, 2_000],
    [20_000, 2_200],
    [599_999, 2_200],
    [600_000, 40_000],
    [1e9, 40_000],
  ])("a Skylake after %d ns takes %d ns: the deepest state whose residency the sleep covers", (sleptNs, exitNs) => {
    expect(idleExitNs(SKYLAKE, sleptNs)).toBe(exitNs);
  });

  it("takes no longer than the deepest state allowed", () => {
    fc.assert(
      fc.property(fc.constantFrom(...CPU_NAMES), fc.nat(), (cpu, sleptNs) => {
        expect(idleExitNs(cstatesOf(cpu, "c0"), sleptNs)).toBe(0);
        expect(idleExitNs(cstatesOf(cpu, "c1"), sleptNs)).toBeLessThanOrEqual(idleExitNs(cstatesOf(cpu, "c6"), sleptNs));
      }),
    );
  });
});
