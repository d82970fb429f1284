/** Numbers of the misses by fastpath and cause, for the hot path. */
import type { Vendor } from "../hw/cpu-model.ts";
import { MISSES, type MissCause } from "./counters.ts";
import { FASTPATH_NAMES, type FastpathName } from "./fastpaths.ts";

export type MissNumbers = Readonly<Record<FastpathName, Readonly<Record<MissCause, number>>>>;

/** Numbers of the misses that a host of this vendor counts. */
export const missNumbers = (vendor: Vendor): MissNumbers => MISS_NUMBERS[vendor];

const numbersOf = (vendor: Vendor): MissNumbers =>
  Object.fromEntries(
    FASTPATH_NAMES.map((name) => [
      name,
      Object.fromEntries(MISSES[vendor].flatMap(({ fastpath, cause }, index) => (fastpath === name ? [[cause, index]] : []))),
    ]),
  ) as Record<FastpathName, Record<MissCause, number>>;
const MISS_NUMBERS = { intel: numbersOf("intel"), amd: numbersOf("amd") };
