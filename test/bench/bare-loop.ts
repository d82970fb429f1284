/**
 * The least that any emulator of exits must do for each: draw what happened, draw how dear it
 * was, add the pieces up, find the bucket, count three times. No schedule, no state of a guest,
 * no decision. What the engine needs beyond this loop is the price of its truth.
 */
import { EXIT_CYCLE_EDGES } from "../../src/kvm/counters.ts";
import { CELLS } from "../../src/kvm/exits.ts";
import type { Variant } from "./interleave.ts";

const BUCKETS = EXIT_CYCLE_EDGES.length + 1;
/** Edges up to here are multiples of the step, so a table of steps answers them. */
const STEP_BITS = 8;
const TABLE_MAX = 8192;

export function bareLoop(): Variant {
  const state = Int32Array.of(0x9e3779b9, 0x243f6a88, 0xb7e15162, 0x13198a2e);
  const cellOfByte = Uint8Array.from({ length: 256 }, (_, byte) => (byte * byte) % CELLS.length);
  const baseCycles = Int32Array.from(CELLS, (_, cell) => 700 + 130 * cell);
  const spreadCycles = Int32Array.from({ length: 1024 }, (_, i) => Math.round(-260 * Math.log(1 - (i + 0.5) / 1024)));
  const bucketOfStep = Uint8Array.from({ length: (TABLE_MAX >>> STEP_BITS) + 1 }, (_, step) => bucketOf(step << STEP_BITS));
  const counts = new Float64Array(CELLS.length);
  const cycleSums = new Float64Array(CELLS.length);
  const buckets = new Float64Array(CELLS.length * BUCKETS);

  return {
    name: "bare loop",
    run(exits) {
      // xoshiro128** with its state in locals for the length of a slice.
      let s0 = state[0]!;
      let s1 = state[1]!;
      let s2 = state[2]!;
      let s3 = state[3]!;
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

        const cell = cellOfByte[first >>> 24]!;
        const cycles = baseCycles[cell]! + spreadCycles[second >>> 22]!;
        const bucket = cycles <= TABLE_MAX ? bucketOfStep[(cycles + 255) >>> STEP_BITS]! : bucketOf(cycles);
        counts[cell]!++;
        cycleSums[cell]! += cycles;
        buckets[cell * BUCKETS + bucket]!++;
      }
      state.set([s0, s1, s2, s3]);
      return exits;
    },
  };
}

/** First bucket whose upper edge is not below `cycles`. */
function bucketOf(cycles: number): number {
  const found = EXIT_CYCLE_EDGES.findIndex((edge) => cycles <= edge);
  return found === -1 ? EXIT_CYCLE_EDGES.length : found;
}
