import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { adjustAdvance, initialAdvance, type TimerAdvance } from "../../../src/kvm/timer-advance.ts";

const GHZ = 2.5;
const START_NS = 1000;
const advance = (mode: TimerAdvance["mode"], ns = START_NS): TimerAdvance => initialAdvance({ mode, ns });
/** The advance after a wait that began `lateNs` past the deadline. */
function after(lateNs: number, one: TimerAdvance = advance("adaptive")): number {
  adjustAdvance(one, lateNs * GHZ, GHZ);
  return one.ns;
}

describe("the adaptive timer advance (5.4 on)", () => {
  it.each([
    { fact: "a timer that is late is fired an eighth of its delay earlier", lateNs: 800, ns: 1100 },
    { fact: "one that is early, an eighth later", lateNs: -800, ns: 900 },
    { fact: "whole nanoseconds only", lateNs: 815, ns: 1101 },
    { fact: "an error below 100 cycles is none", lateNs: 39.6, ns: 1000 },
    { fact: "100 cycles are one", lateNs: 40, ns: 1005 },
    { fact: "10,000 cycles are one", lateNs: 4000, ns: 1500 },
    { fact: "an error above 10,000 cycles is a spike, and ignored", lateNs: 4000.4, ns: 1000 },
  ])("$fact", ({ lateNs, ns }) => {
    expect(after(lateNs)).toBe(ns);
  });

  it("starts again at 1000 ns beyond 5000 ns and below zero", () => {
    expect(after(3200, advance("adaptive", 4700))).toBe(1000);
    expect(after(-3200, advance("adaptive", 300))).toBe(1000);
    expect(after(-3200, advance("adaptive", 400))).toBe(0);
  });

  it("settles where the timer is on time, from wherever 10,000 cycles reach", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 4500 }), fc.integer({ min: 100, max: 4000 }), (start, delayNs) => {
        fc.pre(Math.abs(start - delayNs) <= 4000);
        const one = advance("adaptive", start);
        for (let i = 0; i < 200; i++) after(delayNs - one.ns, one);
        expect(Math.abs(one.ns - delayNs)).toBeLessThanOrEqual(40);
      }),
    );
  });
});

describe("the stepwise timer advance (4.18)", () => {
  it("moves by an eighth of itself at most", () => {
    expect(after(10_000, advance("stepwise"))).toBe(1125);
    expect(after(-10_000, advance("stepwise"))).toBe(875);
    expect(after(60, advance("stepwise"))).toBe(1060);
  });

  it("is done once it was within 100 cycles", () => {
    const one = advance("stepwise");
    after(20, one);
    expect([after(4000, one), one.adjusted]).toEqual([1020, true]);
  });

  it("gives up beyond 5000 ns", () => {
    const one = advance("stepwise");
    for (let i = 0; i < 50; i++) after(1e6, one);
    expect(one).toMatchObject({ ns: 0, adjusted: true });
  });
});

describe("a timer advance that was set", () => {
  it("stays as it is", () => {
    expect(after(3000, advance("fixed", 2500))).toBe(2500);
    expect(after(3000, advance("off", 2500))).toBe(0);
  });
});
