/** The table of published figures beside emulated ones in `src/cost/README.md`. */
import { miss, type PublishedFigure } from "../../calibration/figure.ts";
import { FITTED } from "../../calibration/constants.ts";
import { FIGURES } from "../../calibration/figures.ts";
import { markdownTable } from "./markdown.ts";

export function accuracyTable(): string {
  const rows = FIGURES.map((figure) => {
    const emulated = figure.emulate();
    return [figure.id, shown(figure, figure.published), shown(figure, emulated), errorOf(figure, emulated), verdict(figure, emulated)];
  });
  const missed = FIGURES.filter(({ open }) => open !== undefined).length;
  const sum = `${FITTED.length} fitted constants; ${FIGURES.length} published figures, ${FIGURES.length - missed} of them met.`;
  return `${sum}\n\n${markdownTable(["figure", "published", "emulated", "error", ""], rows)}`;
}

const shown = ({ unit, within }: PublishedFigure, value: number): string =>
  unit === "ratio" ? ("points" in within ? `${(100 * value).toFixed(1)} %` : value.toFixed(2)) : `${value.toFixed(0)} ${unit}`;

function errorOf({ within, published }: PublishedFigure, emulated: number): string {
  if ("points" in within) return `${(100 * (emulated - published)).toFixed(1)} points`;
  return `${(100 * (emulated / published - 1)).toFixed(1)} %`;
}

function verdict(figure: PublishedFigure, emulated: number): string {
  if (miss(figure, emulated) <= 1) return "";
  return `missed: ${figure.open ?? "no reason known"}`;
}
