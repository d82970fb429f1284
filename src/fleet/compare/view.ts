/** A comparison as JSON shows it, on the command line and in the API alike. */
import type { ComparedFigure, Comparison } from "./compare.ts";
import { CONFIDENCE, type Difference } from "./paired-difference.ts";
import { verdict } from "./wording.ts";

/** What was measured, how, and what came out. */
export function comparisonView({ figures, blocks }: Comparison, seeds: readonly number[]) {
  return {
    method: {
      seeds,
      seconds_per_seed: blocks.blocks * blocks.blockSeconds,
      warm_up_seconds_per_seed: blocks.warmUpSeconds,
      blocks_per_seed: blocks.blocks,
      confidence: CONFIDENCE,
    },
    figures: figures.map(figureView),
    verdict: verdict(figures),
  };
}

const figureView = ({ name, labels, unit, before, after, difference, relative, isBeyondChance }: ComparedFigure) => ({
  name,
  labels,
  unit,
  before,
  after,
  difference: differenceView(difference),
  relative: differenceView(relative),
  beyond_noise: isBeyondChance,
});

const differenceView = (difference: Difference | null) =>
  difference === null ? null : { value: difference.value, half_width: difference.halfWidth, p: difference.p, batches: difference.batches };
