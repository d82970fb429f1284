import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { initialWindow, nextWindow } from "../../../src/kvm/halt-polling.ts";
import type { HaltPollSettings } from "../../../src/kvm/resolved.ts";

const DEFAULTS: HaltPollSettings = { mode: "adaptive", maxNs: 200_000, grow: 2, growStartNs: 10_000, shrink: 0, shrinkFloorNs: 10_000 };
/** halt_poll_ns_shrink is 2 from 6.11 on. */
const SHRINKS_BY_HALF: HaltPollSettings = { ...DEFAULTS, shrink: 2 };

describe("the window of halt polling", () => {
  it("grows from 10 us by doubling up to halt_poll_ns, while halts are longer than it and shorter than the limit", () => {
    const windows = [0];
    for (let i = 0; i < 7; i++) windows.push(nextWindow(DEFAULTS, windows.at(-1)!, 190_000, true));
    expect(windows).toEqual([0, 10_000, 20_000, 40_000, 80_000, 160_000, 200_000, 200_000]);
  });

  it.each([
    { fact: "a halt within the window keeps it", window: 40_000, haltedNs: 40_000, next: 40_000 },
    { fact: "a halt just longer than the window doubles it", window: 40_000, haltedNs: 40_001, next: 80_000 },
    { fact: "a halt of exactly the limit keeps it", window: 40_000, haltedNs: 200_000, next: 40_000 },
    { fact: "a long halt takes the window to zero when shrink is 0", window: 160_000, haltedNs: 200_001, next: 0 },
    { fact: "a long halt without a window leaves it at zero", window: 0, haltedNs: 5_000_000, next: 0 },
    { fact: "a short halt without a window opens one", window: 0, haltedNs: 1, next: 10_000 },
  ])("$fact", ({ window, haltedNs, next }) => {
    expect(nextWindow(DEFAULTS, window, haltedNs, true)).toBe(next);
  });

  it("is halved by long halts when shrink is 2, and closed below its first size", () => {
    const windows = [200_000];
    for (let i = 0; i < 6; i++) windows.push(nextWindow(SHRINKS_BY_HALF, windows.at(-1)!, 1e7, true));
    expect(windows).toEqual([200_000, 100_000, 50_000, 25_000, 12_500, 0, 0]);
  });

  it("is halved down to nothing by a kernel that has no floor", () => {
    expect(nextWindow({ ...SHRINKS_BY_HALF, shrinkFloorNs: 0 }, 12_500, 1e7, true)).toBe(6250);
  });

  it("shrinks after a wake-up for nothing", () => {
    expect(nextWindow(DEFAULTS, 80_000, 1, false)).toBe(0);
    expect(nextWindow(SHRINKS_BY_HALF, 80_000, 1, false)).toBe(40_000);
  });

  it("does not grow when grow is 0", () => {
    expect(nextWindow({ ...DEFAULTS, grow: 0 }, 0, 50_000, true)).toBe(0);
  });

  it("is always the whole one, or always none, when it does not adapt", () => {
    const always = { ...DEFAULTS, mode: "always" } as const;
    const off = { ...DEFAULTS, mode: "off" } as const;
    expect([initialWindow(DEFAULTS), initialWindow(always), initialWindow(off)]).toEqual([0, 200_000, 0]);
    for (const haltedNs of [1, 150_000, 1e9]) {
      expect(nextWindow(always, 200_000, haltedNs, true)).toBe(200_000);
      expect(nextWindow(off, 0, haltedNs, true)).toBe(0);
    }
  });

  it("stays between zero and halt_poll_ns", () => {
    const settings = fc.record({
      mode: fc.constantFrom("off" as const, "always" as const, "adaptive" as const),
      maxNs: fc.nat({ max: 1_000_000 }),
      grow: fc.constantFrom(0, 2, 4),
      growStartNs: fc.constant(10_000),
      shrink: fc.constantFrom(0, 2, 3),
      shrinkFloorNs: fc.constantFrom(0, 10_000),
    });
    fc.assert(
      fc.property(settings, fc.array(fc.tuple(fc.nat({ max: 2_000_000 }), fc.boolean())), (set, halts) => {
        let window = Math.min(initialWindow(set), set.maxNs);
        for (const [haltedNs, valid] of halts) {
          window = nextWindow(set, window, haltedNs, valid);
          expect(window >= 0 && window <= set.maxNs && Number.isInteger(window)).toBe(true);
        }
      }),
    );
  });
});
