/** Published figures beside emulated ones; the whole table is printed. */
import { afterAll, describe, expect, it } from "vitest";
import { FIGURES as MACHINES } from "./figures.ts";
import { MIX_FIGURES } from "./figures/mixes.ts";
import { miss, type PublishedFigure } from "./figure.ts";

const FIGURES: readonly PublishedFigure[] = [...MACHINES, ...MIX_FIGURES];
const lines: string[] = [];
afterAll(() => process.stdout.write(`${["published  emulated  error", ...lines].join("\n")}\n`));

function measured(figure: PublishedFigure): number {
  const { id, published } = figure;
  const emulated = figure.emulate();
  const percent = ((emulated / published - 1) * 100).toFixed(1);
  lines.push(`${published.toFixed(2).padStart(9)} ${emulated.toFixed(2).padStart(9)} ${percent.padStart(6)} %  ${id}`);
  return miss(figure, emulated);
}

describe("a published figure is reproduced", () => {
  it.each(FIGURES.filter(({ open }) => open === undefined))("$id", (figure) => {
    expect(measured(figure)).toBeLessThanOrEqual(1);
  });
});

describe.skipIf(FIGURES.every(({ open }) => open === undefined))(
  "a figure that is known to miss still does, or its reason is out of date",
  () => {
    it.each(FIGURES.filter(({ open }) => open !== undefined))("$id: $open", (figure) => {
      expect(measured(figure)).toBeGreaterThan(1);
    });
  },
);
