import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { PerfEvents } from "../../../src/kvm/perf-events.ts";

const events = (times: readonly number[]): PerfEvents => {
  const all = new PerfEvents();
  for (const ns of times) all.add(ns);
  return all;
};

describe("events of one kind", () => {
  it("have the statistics of their times", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 1_000_000 }), { minLength: 2, maxLength: 50 }), (times) => {
        const all = events(times);
        const mean = times.reduce((sum, ns) => sum + ns, 0) / times.length;
        const variance = times.reduce((sum, ns) => sum + (ns - mean) ** 2, 0) / (times.length - 1);
        expect([all.samples, all.minNs, all.maxNs]).toEqual([times.length, Math.min(...times), Math.max(...times)]);
        expect(all.meanNs).toBeCloseTo(mean, 6);
        expect(all.relativeError).toBeCloseTo(Math.sqrt(variance / times.length) / mean, 9);
      }),
    );
  });

  it("have no spread when there is one, or none", () => {
    expect([events([]).relativeError, events([700]).relativeError, events([]).meanNs]).toEqual([0, 0, 0]);
  });
});
