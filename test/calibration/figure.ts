/** A published figure and how the emulator is asked for it. */
export interface PublishedFigure {
  readonly id: string;
  readonly published: number;
  readonly unit: "cycles" | "ns" | "seconds" | "per second" | "ratio";
  /** How it was read: `read` in its source, or `derived` from such figures. */
  readonly grade: "read" | "derived";
  /** What counts as reproduced. */
  readonly within: { readonly relative: number } | { readonly factor: number } | { readonly points: number };
  /** Why it is not met yet, where it is not. */
  readonly open?: string;
  readonly emulate: () => number;
}

export const ABSOLUTE_CYCLES = { relative: 0.05 } as const;
/** Ratios and gains: 2.5 percentage points. */
export const GAIN = { points: 0.025 } as const;
export const SHAPE_FACTOR = { factor: 1.5 } as const;

/** Cycles that were read in their source. */
export const readCycles = (id: string, published: number, emulate: () => number, open?: string): PublishedFigure => ({
  id,
  published,
  unit: "cycles",
  grade: "read",
  within: ABSOLUTE_CYCLES,
  ...(open === undefined ? {} : { open }),
  emulate,
});

/** Distance of `emulated` from what was published, in the unit of its tolerance; at most 1 is met. */
export function miss(figure: PublishedFigure, emulated: number): number {
  const { within, published } = figure;
  if ("points" in within) return Math.abs(emulated - published) / within.points;
  if ("relative" in within) return Math.abs(emulated / published - 1) / within.relative;
  return Math.abs(Math.log(emulated / published)) / Math.log(within.factor);
}
