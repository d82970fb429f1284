/**
 * The least that any emulator of exits must do for each: draw when it happens and what it is, draw
 * how dear it was, add the pieces up, find the bucket, count three times. No schedule, no state of a
 * guest, no decision. What the engine needs beyond this loop is the price of its truth.
 *
 * The samplers are the engine's own, an exponential gap and a quantile table read by interpolation;
 * its randomness is a plain sequence, since nothing here has to stay paired with another run.
 */
import { EXIT_CYCLE_EDGES } from "../../src/kvm/counters.ts";
import { CELLS as BY_VENDOR } from "../../src/kvm/exits.ts";
import { nearest } from "../../src/lib/nearest.ts";
import { exponential, logNormal, quantileTable, readQuantile } from "../../src/sim/samplers.ts";
import type { Variant } from "./interleave.ts";

const CELLS = BY_VENDOR.intel;
const BUCKETS = EXIT_CYCLE_EDGES.length + 1;
/** Edges up to here are multiples of the step, so a table of steps answers them. */
const STEP_BITS = 8;
const TABLE_MAX = 8192;
/** Mean cycles between two exits, and the noise of an exit's cycles. */
const GAP = 40_000;
const NOISE = { cycles: 260, cv: 0.8 };
const UNIT = 2 ** -32;

export function bareLoop(): Variant {
  const state = Int32Array.of(0x9e3779b9, 0x243f6a88, 0xb7e15162, 0x13198a2e);
  const cellOfByte = Uint8Array.from({ length: 256 }, (_, byte) => (byte * byte) % CELLS.length);
  const baseCycles = Int32Array.from(CELLS, (_, cell) => 700 + 130 * cell);
  const noise = quantileTable((u) => logNormal(u, NOISE.cv));
  const bucketOfStep = Uint8Array.from({ length: (TABLE_MAX >>> STEP_BITS) + 1 }, (_, step) => bucketOf(step << STEP_BITS));
  const counts = new Float64Array(CELLS.length);
  const cycleSums = new Float64Array(CELLS.length);
  const buckets = new Float64Array(CELLS.length * BUCKETS);
  const clock = Float64Array.of(0);

  return {
    name: "bare loop",
    run(exits) {
      // xoshiro128** with its state in locals for the length of a slice.
      let s0 = state[0]!;
      let s1 = state[1]!;
      let s2 = state[2]!;
      let s3 = state[3]!;
      let now = clock[0]!;
      for (let i = 0; i < exits; i++) {
        let x = Math.imul(s1, 5);
        const first = Math.imul((x << 7) | (x >>> 25), 9);
        let t = s1 << 9;
        s2 ^= s0;
        s3 ^= s1;
        s1 ^= s2;
        s0 ^= s3;
        s2 ^= t;
        s3 = (s3 << 11) | (s3 >>> 21);

        x = Math.imul(s1, 5);
        const second = Math.imul((x << 7) | (x >>> 25), 9);
        t = s1 << 9;
        s2 ^= s0;
        s3 ^= s1;
        s1 ^= s2;
        s0 ^= s3;
        s2 ^= t;
        s3 = (s3 << 11) | (s3 >>> 21);

        now += exponential(((first >>> 0) + 0.5) * UNIT, GAP);
        const cell = cellOfByte[first & 255]!;
        const cycles = baseCycles[cell]! + nearest(NOISE.cycles * readQuantile(noise, ((second >>> 0) + 0.5) * UNIT));
        const bucket = cycles <= TABLE_MAX ? bucketOfStep[(cycles + 255) >>> STEP_BITS]! : bucketOf(cycles);
        counts[cell]!++;
        cycleSums[cell]! += cycles;
        buckets[cell * BUCKETS + bucket]!++;
      }
      state.set([s0, s1, s2, s3]);
      clock[0] = now;
      return exits;
    },
  };
}

/** First bucket whose upper edge is not below `cycles`. */
function bucketOf(cycles: number): number {
  const found = EXIT_CYCLE_EDGES.findIndex((edge) => cycles <= edge);
  return found === -1 ? EXIT_CYCLE_EDGES.length : found;
}
