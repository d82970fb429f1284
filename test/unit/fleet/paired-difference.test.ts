import { describe, expect, it } from "vitest";
import { beyondChance } from "../../../src/fleet/compare/holm.ts";
import { joined, pairedDifference } from "../../../src/fleet/compare/paired-difference.ts";
import { Stream } from "../../../src/sim/random.ts";
import { normalQuantile } from "../../../src/sim/samplers.ts";
import { studentQuantile } from "../../../src/sim/student-t.ts";

const SEEDS = 5;
const PER_SEED = 8;

/** Work done in so many batches of a second. */
interface Worked {
  readonly work: number;
  readonly seconds: number;
}

/** An arm whose batches did this much work in a second each. */
function arm(work: readonly number[]) {
  const all = { work: work.reduce((sum, one) => sum + one, 0), seconds: work.length };
  return { all, without: work.map((one) => ({ work: all.work - one, seconds: all.seconds - 1 })) };
}

const rate = ({ work, seconds }: Worked): number => work / seconds;
const difference = (before: readonly number[], after: readonly number[], seeds = SEEDS) =>
  pairedDifference({ seeds, before: arm(before), after: arm(after) }, rate, (a, b) => b - a);

/** Noise in which each batch keeps a share of its predecessor's, anew in each seed. */
function noise(name: string, memory: number): number[] {
  const stream = new Stream(1, name);
  const draw = (): number => normalQuantile(stream.next());
  const values: number[] = [];
  for (let i = 0; i < SEEDS * PER_SEED; i++) {
    const before = i % PER_SEED === 0 ? draw() / Math.sqrt(1 - memory * memory) : (values[i - 1] as number);
    values.push(memory * before + draw());
  }
  return values;
}

/** How many of many intervals hold the true difference of 3. */
function coverage(memory: number): number {
  const runs = 300;
  let held = 0;
  for (let run = 0; run < runs; run++) {
    const common = noise(`common ${run}`, 0.9);
    const own = noise(`own ${run}`, memory);
    const found = difference(
      common.map((value) => 100 + 50 * value),
      common.map((value, i) => 103 + 50 * value + (own[i] as number)),
    );
    if (Math.abs((found?.value ?? NaN) - 3) <= (found?.halfWidth ?? 0)) held++;
  }
  return held / runs;
}

describe("a paired difference", () => {
  it("of a plain mean has the textbook's interval", () => {
    const before = Array.from({ length: 40 }, (_, i) => 10 + (i % 7));
    const after = before.map((value, i) => value + 1 + (i % 2) * 0.5 * (i % 4 < 2 ? 1 : -1));
    const each = before.map((value, i) => (after[i] as number) - value);
    const mean = each.reduce((sum, value) => sum + value, 0) / 40;
    const variance = each.reduce((sum, value) => sum + (value - mean) ** 2, 0) / 39;
    const found = difference(before, after);
    expect(found?.batches).toBe(40);
    expect(found?.value).toBeCloseTo(mean, 10);
    expect(found?.halfWidth).toBeCloseTo(Math.sqrt(variance / 40) * studentQuantile(0.95, 39), 8);
  });

  it("holds the truth 95 times in a hundred, however noisy what both arms share", () => {
    expect(coverage(0)).toBeGreaterThan(0.92);
    expect(coverage(0)).toBeLessThan(0.98);
  });

  it("still holds it when neighbours are correlated, since those are joined", () => {
    expect(coverage(0.6)).toBeGreaterThan(0.88);
    expect(joined(noise("joined", 0.9), SEEDS).length).toBeLessThan(SEEDS * PER_SEED);
    expect(joined(noise("not joined", 0), SEEDS).length).toBe(SEEDS * PER_SEED);
  });

  it("never joins batches of different seeds, nor down to fewer than four", () => {
    const drift = Array.from({ length: 8 }, (_, i) => i);
    expect(joined(drift, 1)).toEqual([0.5, 2.5, 4.5, 6.5]);
    expect(joined([0, 0, 9, 9, 18, 18, 27, 27], 4)).toEqual([0, 9, 18, 27]);
  });

  it("between equal arms is exactly nothing", () => {
    const same = noise("same", 0);
    expect(difference(same, same)).toMatchObject({ value: 0, halfWidth: 0, p: 1 });
  });

  it("has no interval where one batch alone has the figure", () => {
    const lonely = ({ work }: Worked): number | null => (work > 0 ? work : null);
    const before = arm([5, 0, 0, 0]);
    const after = arm([7, 0, 0, 0]);
    expect(pairedDifference({ seeds: 1, before, after }, lonely, (a, b) => b - a)).toMatchObject({ value: 2, halfWidth: null, p: 1 });
  });

  it("is null where an arm lacks the figure", () => {
    expect(
      pairedDifference(
        { seeds: 1, before: arm([1, 2]), after: arm([1, 2]) },
        () => null,
        (a, b) => b - a,
      ),
    ).toBeNull();
  });
});

describe("Holm's correction", () => {
  it("rejects step by step, and no further after the first that stays", () => {
    expect(beyondChance([0.01, 0.04, 0.03, 0.005])).toEqual([true, false, false, true]);
    expect(beyondChance([0.02, 0.03])).toEqual([true, true]);
    expect(beyondChance([0.03, 0.03])).toEqual([false, false]);
  });
});
