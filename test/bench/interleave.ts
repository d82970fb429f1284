/**
 * Compares pieces of code on a machine that others use too: short slices of each in turn, in one
 * process. Whatever slows the machine slows neighbouring slices alike, and the fastest slice of
 * many is the one that nobody disturbed; so the ratio of the minima stands still within a few
 * per cent where absolute figures move by half. It is the gate; the median is information.
 */
export interface Variant {
  readonly name: string;
  /** Handles at least `exits` exits, and returns how many it handled. Reads no clock. */
  run(exits: number): number;
}

export interface Method {
  readonly slices: number;
  readonly sliceMs: number;
  readonly warmUpMs: number;
  /** Milliseconds, monotonic. */
  readonly now: () => number;
}
export const METHOD: Method = { slices: 48, sliceMs: 12, warmUpMs: 300, now: () => performance.now() };

/** Nanoseconds per exit of each slice. */
export type Timings = ReadonlyMap<string, readonly number[]>;

export function interleave(variants: readonly Variant[], method: Method = METHOD): Timings {
  const runs = variants.map((variant) => ({ variant, exits: exitsPerSlice(variant, method), slices: [] as number[] }));
  for (let slice = 0; slice < method.slices; slice++) {
    // Each goes first in its turn, so none always inherits the caches of the same neighbour.
    for (let turn = 0; turn < runs.length; turn++) {
      const run = runs[(slice + turn) % runs.length]!;
      run.slices.push(nsPerExit(run.variant, run.exits, method));
    }
  }
  return new Map(runs.map(({ variant, slices }) => [variant.name, slices]));
}

export interface Ratio {
  /** How many times as fast as the reference: of the fastest slices, and the median over pairs of slices. */
  readonly min: number;
  readonly median: number;
}

export function ratio(timings: Timings, subject: string, reference: string): Ratio {
  const [subjects, references] = [slicesOf(timings, subject), slicesOf(timings, reference)];
  return {
    min: Math.min(...references) / Math.min(...subjects),
    median: median(subjects.map((ns, slice) => references[slice]! / ns)),
  };
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = (sorted.length - 1) / 2;
  return (sorted[Math.floor(middle)]! + sorted[Math.ceil(middle)]!) / 2;
}

export function slicesOf(timings: Timings, name: string): readonly number[] {
  const slices = timings.get(name);
  if (slices === undefined) throw new Error(`no variant ${name}; there are ${[...timings.keys()].join(", ")}`);
  return slices;
}

/** Warms the code up until the compiler has settled, then sizes a slice by the fastest round. */
function exitsPerSlice(variant: Variant, method: Method): number {
  const end = method.now() + method.warmUpMs;
  let exits = 1000;
  let fastest = Infinity;
  do {
    fastest = Math.min(fastest, nsPerExit(variant, exits, method));
    exits = Math.max(1, Math.round((method.sliceMs * 1e6) / fastest));
  } while (method.now() < end);
  return exits;
}

function nsPerExit(variant: Variant, exits: number, { now }: Method): number {
  const start = now();
  const handled = variant.run(exits);
  const ns = (now() - start) * 1e6;
  if (!(handled >= exits)) throw new Error(`${variant.name} handled ${handled} exits; expected at least ${exits}`);
  return Math.max(ns, 1) / handled;
}
