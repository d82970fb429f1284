/** Published figures beside emulated ones; the whole table is printed. */
import { afterAll, describe, expect, it } from "vitest";
import { FITTED } from "./constants.ts";
import { miss, type PublishedFigure } from "./figure.ts";
import { FIGURES } from "./figures.ts";
import { INVENTORY } from "./inventory.ts";

const lines: string[] = [];
const missed = FIGURES.filter(({ open }) => open !== undefined).length;
const SUMMARY = `${FITTED.length} fitted constants; ${FIGURES.length} published figures, ${missed} of them missed`;
afterAll(() => process.stdout.write(`${["published  emulated  error", ...lines, SUMMARY].join("\n")}\n`));

function measured(figure: PublishedFigure): number {
  const { id, published } = figure;
  const emulated = figure.emulate();
  const percent = ((emulated / published - 1) * 100).toFixed(1);
  lines.push(`${published.toFixed(2).padStart(9)} ${emulated.toFixed(2).padStart(9)} ${percent.padStart(6)} %  ${id}`);
  return miss(figure, emulated);
}

describe("the inventory of what was published", () => {
  const listed = INVENTORY.flatMap(({ figures }) => figures);

  it("names each figure once", () => {
    expect(listed.filter((id, i) => listed.indexOf(id) !== i)).toEqual([]);
  });

  it("has no figure that the emulator is not asked for, and misses none that it is", () => {
    expect(listed.toSorted()).toEqual(FIGURES.map(({ id }) => id).toSorted());
  });
});

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
