import { describe, expect, it } from "vitest";
import { hashText, Stream } from "../../../src/sim/random.ts";

const draws = (stream: Stream, count: number): number[] => Array.from({ length: count }, () => stream.next());

/** Pearson's statistic of observed counts against equal expectations. */
function chiSquare(counts: readonly number[]): number {
  const expected = counts.reduce((sum, count) => sum + count, 0) / counts.length;
  return counts.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
}

/** A statistic beyond this has a chance of about one in 30,000 (four standard deviations, Wilson and Hilferty). */
const farOut = (freedom: number): number => freedom * (1 - 2 / (9 * freedom) + 4 * Math.sqrt(2 / (9 * freedom))) ** 3;

function binned(values: readonly number[], bins: number): number[] {
  const counts = Array.from({ length: bins }, () => 0);
  for (const value of values) counts[Math.floor(value * bins)]! += 1;
  return counts;
}

describe("a stream", () => {
  it("draws from the open interval between 0 and 1", () => {
    const values = draws(new Stream(1, "a"), 100_000);
    expect(Math.min(...values.slice(0, 50_000))).toBeGreaterThan(0);
    expect(values.every((value) => value > 0 && value < 1)).toBe(true);
  });

  it("is uniform, for any seed and name", () => {
    for (let seed = 0; seed < 40; seed++) {
      expect(chiSquare(binned(draws(new Stream(seed, `web-${seed % 3}/0/noise/HLT`), 20_000), 100))).toBeLessThan(farOut(99));
    }
  });

  it("has draws that tell nothing of the next one", () => {
    const values = draws(new Stream(5, "web-1/0/arrival"), 100_000);
    const pairs = values.slice(1).map((value, i) => (Math.floor(values[i]! * 10) + value) / 10);
    expect(chiSquare(binned(pairs, 100))).toBeLessThan(farOut(99));
  });

  it("is independent of streams with a similar name, and of those with the next seed", () => {
    const first = draws(new Stream(1, "cpu1/device"), 50_000);
    for (const other of [
      new Stream(1, "cpu2/device"),
      new Stream(1, "cpu11/device"),
      new Stream(2, "cpu1/device"),
      new Stream(~1, "cpu1/device"),
    ]) {
      const joint = draws(other, first.length).map((value, i) => (Math.floor(first[i]! * 10) + value) / 10);
      expect(chiSquare(binned(joint, 100))).toBeLessThan(farOut(99));
    }
  });

  it("has first draws that are uniform over names and over seeds", () => {
    const byName = Array.from({ length: 20_000 }, (_, i) => new Stream(1, `web-${i}/0/arrival`).next());
    const bySeed = Array.from({ length: 20_000 }, (_, seed) => new Stream(seed, "web-1/0/arrival").next());
    for (const firsts of [byName, bySeed]) expect(chiSquare(binned(firsts, 100))).toBeLessThan(farOut(99));
  });

  it("is the same for the same seed and name", () => {
    expect(draws(new Stream(7, "x"), 100)).toEqual(draws(new Stream(7, "x"), 100));
  });
});

describe("the hash of a text", () => {
  it("spreads the names of a fleet evenly, with any seed", () => {
    for (const seed of [0, 1, -1]) {
      const hashes = Array.from({ length: 20_000 }, (_, i) => hashText(`public-skx-${String(i).padStart(5, "0")}`, seed) >>> 0);
      expect(new Set(hashes).size).toBeGreaterThan(hashes.length - 3);
      expect(
        chiSquare(
          binned(
            hashes.map((hash) => hash / 2 ** 32),
            100,
          ),
        ),
      ).toBeLessThan(farOut(99));
    }
  });
});
