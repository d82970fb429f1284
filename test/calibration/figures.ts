/** Every published figure that the emulator is held to. */
import type { PublishedFigure } from "./figure.ts";
import { BROADCASTS } from "./figures/broadcasts.ts";
import { EPYC } from "./figures/epyc.ts";
import { FASTPATHS } from "./figures/fastpaths.ts";
import { GUESTS } from "./figures/guests.ts";
import { LADDER, SHAPES } from "./figures/ladder.ts";
import { LATENCIES } from "./figures/latencies.ts";

export const FIGURES: readonly PublishedFigure[] = [...LADDER, ...SHAPES, ...FASTPATHS, ...GUESTS, ...LATENCIES, ...BROADCASTS, ...EPYC];
