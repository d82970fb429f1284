/** Published figures beside emulated ones: each in `src/cost/README.md`, their families in the project's README. */
import { miss, type PublishedFigure } from "../../calibration/figure.ts";
import { FITTED } from "../../calibration/constants.ts";
import { FAMILIES, FIGURES } from "../../calibration/figures.ts";
import { markdownTable } from "./markdown.ts";

const EMULATED = new Map<PublishedFigure, number>();

function emulate(figure: PublishedFigure): number {
  const known = EMULATED.get(figure);
  if (known !== undefined) return known;
  const emulated = figure.emulate();
  EMULATED.set(figure, emulated);
  return emulated;
}

export function accuracySummary(): string {
  const rows = Object.entries(FAMILIES).map(([family, figures]) => {
    const met = figures.filter((figure) => miss(figure, emulate(figure)) <= 1).length;
    const [ratios, others] = [figures.filter(isInPoints), figures.filter((figure) => !isInPoints(figure))];
    return [family, String(figures.length), String(met), medianError(others, " %"), medianError(ratios, " points")];
  });
  const heads = ["what was measured", "figures", "met", "median error", "of ratios and shares"];
  return `${sumOf()}\n\n${markdownTable(heads, rows)}`;
}

function medianError(figures: readonly PublishedFigure[], unit: string): string {
  const errors = figures.map((figure) => Math.abs(errorIn(figure, emulate(figure)))).toSorted((a, b) => a - b);
  const middle = (errors.length - 1) / 2;
  return errors.length === 0 ? "" : `${((errors[Math.floor(middle)]! + errors[Math.ceil(middle)]!) / 2).toFixed(1)}${unit}`;
}

function sumOf(): string {
  const missed = FIGURES.filter(({ open }) => open !== undefined).length;
  return `${FITTED.length} fitted constants; ${FIGURES.length} published figures, ${FIGURES.length - missed} of them met.`;
}

export function accuracyTable(): string {
  const rows = FIGURES.map((figure) => {
    const emulated = emulate(figure);
    return [figure.id, shown(figure, figure.published), shown(figure, emulated), errorOf(figure, emulated), verdict(figure, emulated)];
  });
  return `${sumOf()}\n\n${markdownTable(["figure", "published", "emulated", "error", ""], rows)}`;
}

const shown = ({ unit, within }: PublishedFigure, value: number): string =>
  unit === "ratio" ? ("points" in within ? `${(100 * value).toFixed(1)} %` : value.toFixed(2)) : `${value.toFixed(0)} ${unit}`;

const isInPoints = ({ within }: PublishedFigure): boolean => "points" in within;

/** In points, or in percent of what was published. */
const errorIn = (figure: PublishedFigure, emulated: number): number =>
  100 * (isInPoints(figure) ? emulated - figure.published : emulated / figure.published - 1);

const errorOf = (figure: PublishedFigure, emulated: number): string =>
  `${errorIn(figure, emulated).toFixed(1)} ${isInPoints(figure) ? "points" : "%"}`;

function verdict(figure: PublishedFigure, emulated: number): string {
  if (miss(figure, emulated) <= 1) return "";
  return `missed: ${figure.open ?? "no reason known"}`;
}
