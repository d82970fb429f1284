/**
 * How well the cost model would predict a figure that it had never seen: `npm run calibrate`.
 *
 * Every fitted constant is moved by 5 % and every figure measured anew, which gives the share that
 * each constant has in each figure. With these shares a figure's own weight in the fit (its
 * leverage) is known, and so the error that it would have if the constants were fitted without it: in a
 * ridge regression on logarithms that is error / (1 - leverage), exactly. The ridge says that a
 * constant is known to about 30 % before any figure is looked at.
 *
 * Shares and rates of a mix are not in it: what guests do decides them, and no constant of the cost model has a part in
 * them. Nor are gains, which are quotients of figures that are.
 */
import { alignColumns } from "../../src/cli/table.ts";
import { FITTED as constants } from "./constants.ts";
import type { PublishedFigure } from "./figure.ts";
import { FIGURES } from "./figures.ts";
import { forget, hurry } from "./measure.ts";

const STEP = 0.05;
/** Spread of a constant before the fit, and of a published figure, both as logarithms. */
const PRIOR = 0.3;
const NOISE = 0.04;

const isTime = ({ unit, published, open, emulate }: PublishedFigure): boolean =>
  published > 0 && unit !== "ratio" && unit !== "per second" && (open === undefined || emulate() > 0);

function main(): void {
  // One seed throughout, so that what differs is the constants' doing also in a fifth of the time.
  hurry(0.2);
  const figures = FIGURES.filter(isTime);
  const base = measure(figures);
  const shares = constants.map(({ figure }) => {
    const { value } = figure;
    figure.value = value * (1 + STEP);
    const moved = measure(figures);
    figure.value = value;
    return moved.map((emulated, i) => Math.log(emulated / (base[i] as number)) / Math.log(1 + STEP));
  });
  const errors = figures.map(({ published }, i) => Math.log((base[i] as number) / published));
  const leverages = leveragesOf(shares, figures.length);
  const rows = figures.map(({ id, published }, i) => {
    const left = (errors[i] as number) / (1 - (leverages[i] as number));
    return { id, published, emulated: base[i] as number, error: errors[i] as number, leverage: leverages[i] as number, left };
  });
  const percent = (log: number): string => `${(100 * Math.expm1(log)).toFixed(1)} %`;
  process.stdout.write(
    `${alignColumns([
      ["PUBLISHED", "EMULATED", "ERROR", "LEVERAGE", "LEFT OUT", "FIGURE"],
      ...rows.map((row) => [
        row.published.toFixed(0),
        row.emulated.toFixed(0),
        percent(row.error),
        row.leverage.toFixed(2),
        percent(row.left),
        row.id,
      ]),
    ])}\n\n`,
  );
  process.stdout.write(`${constants.length} fitted constants, ${figures.length} figures in cycles and seconds\n`);
  process.stdout.write(`median error: ${(100 * median(rows.map(({ error }) => Math.abs(error)))).toFixed(1)} %; `);
  process.stdout.write(`left out: ${(100 * median(rows.map(({ left }) => Math.abs(left)))).toFixed(1)} %\n`);
}

function measure(figures: readonly PublishedFigure[]): readonly number[] {
  forget();
  return figures.map((figure) => figure.emulate());
}

/** Diagonal of the hat matrix J (JᵀJ/σ² + 1/τ²)⁻¹ Jᵀ/σ²; `shares` is Jᵀ, a row per constant. */
function leveragesOf(shares: readonly (readonly number[])[], figures: number): readonly number[] {
  const n = shares.length;
  const at = (row: number, column: number): number => shares[row]?.[column] ?? 0;
  const normal = Array.from({ length: n }, (_, i) =>
    Array.from({ length: n }, (_unused, j) => {
      let sum = i === j ? NOISE ** 2 / PRIOR ** 2 : 0;
      for (let f = 0; f < figures; f++) sum += at(i, f) * at(j, f);
      return sum;
    }),
  );
  return Array.from({ length: figures }, (_, f) => {
    const column = Array.from({ length: n }, (_unused, i) => at(i, f));
    const solved = solve(normal, column);
    return column.reduce((sum, share, i) => sum + share * (solved[i] as number), 0);
  });
}

/** Gauss' elimination; the matrix is positive definite. */
function solve(matrix: readonly (readonly number[])[], right: readonly number[]): readonly number[] {
  const rows = matrix.map((row, i) => [...row, right[i] as number]);
  const n = rows.length;
  for (let pivot = 0; pivot < n; pivot++) {
    const head = rows[pivot] as number[];
    for (let i = pivot + 1; i < n; i++) {
      const row = rows[i] as number[];
      const factor = (row[pivot] as number) / (head[pivot] as number);
      for (let j = pivot; j <= n; j++) row[j] = (row[j] as number) - factor * (head[j] as number);
    }
  }
  const result = Array.from({ length: n }, () => 0);
  for (let i = n - 1; i >= 0; i--) {
    const row = rows[i] as number[];
    let rest = row[n] as number;
    for (let j = i + 1; j < n; j++) rest -= (row[j] as number) * (result[j] as number);
    result[i] = rest / (row[i] as number);
  }
  return result;
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] as number;
}

main();
