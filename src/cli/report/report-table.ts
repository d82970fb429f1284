/** A table of `report`: columns with a meaning each, rows of plain values, and what they show in words. */
import type { Difference } from "../../fleet/compare/paired-difference.ts";
import { studentQuantile } from "../../sim/student-t.ts";

/** A figure with half the width of its 95 % confidence interval. */
export interface Estimate {
  readonly value: number;
  readonly half_width: number | null;
}

export type Cell = string | Estimate | null;

export interface Column {
  /** Its key in JSON. */
  readonly key: string;
  readonly title: string;
  /** How Markdown prints an estimate; JSON has shares as they are. */
  readonly unit?: "cycles" | "share" | "points" | "number" | "count" | "ns" | "ms";
}

export interface Findings {
  readonly rows: readonly Readonly<Record<string, Cell>>[];
  /** What the rows show, in sentences. */
  readonly findings: readonly string[];
}

export interface ReportTable {
  readonly title: string;
  /** What was run, and what a figure means. */
  readonly method: string;
  readonly columns: readonly Column[];
  /** Runs the table; yields after each of its runs, `runs(seeds)` times in all. */
  readonly fill: (seeds: readonly number[]) => Generator<void, Findings>;
  readonly runs: (seeds: number) => number;
}

const CONFIDENCE = 0.95;

/** The mean of one figure per seed. */
export function estimate(values: readonly number[]): Estimate {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  if (values.length < 2) return { value: mean, half_width: null };
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1);
  return { value: mean, half_width: Math.sqrt(variance / values.length) * studentQuantile(CONFIDENCE, values.length - 1) };
}

export const estimateOf = (difference: Difference | null): Estimate | null =>
  difference === null ? null : { value: difference.value, half_width: difference.halfWidth };
