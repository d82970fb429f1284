/**
 * Units as types. The emulator counts time in host TSC cycles only; nanoseconds exist at the
 * edges (configuration, published figures) and are converted here and nowhere else.
 */
import { nearest } from "./nearest.ts";

/** A point in a host's time: host TSC cycles since the host's boot (rebased now and then). */
export type Instant = number & { readonly unit: "instant" };
/** A duration in host TSC cycles; an integer. */
export type Cycles = number & { readonly unit: "cycles" };

export const instant = (value: number): Instant => value as Instant;

/** "Never": later than every instant of a run. */
export const NEVER = Infinity as Instant;

/** Whole cycles of a duration at `ghz` (1 GHz is one cycle a nanosecond). */
export const cyclesOf = (ns: number, ghz: number): Cycles => nearest(ns * ghz) as Cycles;
/** Whole nanoseconds of a duration in cycles. */
export const nanosOf = (cycles: number, ghz: number): number => nearest(cycles / ghz);
