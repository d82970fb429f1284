/** Every published figure that the emulator is held to. */
import type { PublishedFigure } from "./figure.ts";
import { BROADCASTS } from "./figures/broadcasts.ts";
import { EPYC } from "./figures/epyc.ts";
import { EXITLESS_TIMER } from "./figures/exitless-timer.ts";
import { FASTPATHS } from "./figures/fastpaths.ts";
import { GUESTS } from "./figures/guests.ts";
import { LADDER, SHAPES } from "./figures/ladder.ts";
import { LADDER_STEPS } from "./figures/ladder-steps.ts";
import { LATENCIES } from "./figures/latencies.ts";
import { MIX_FIGURES } from "./figures/mixes.ts";
import { MSR_WRITES } from "./figures/msr-writes.ts";
import { PIECES } from "./figures/pieces.ts";

export const FIGURES: readonly PublishedFigure[] = [
  ...LADDER,
  ...LADDER_STEPS,
  ...SHAPES,
  ...FASTPATHS,
  ...GUESTS,
  ...LATENCIES,
  ...BROADCASTS,
  ...EPYC,
  ...EXITLESS_TIMER,
  ...PIECES,
  ...MSR_WRITES,
  ...MIX_FIGURES,
];
