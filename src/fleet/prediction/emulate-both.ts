/** Both sides of a change, emulated: the same guest on the host as it was and as it is. */
import type { NamedFigure } from "../../cost/figure-names.ts";
import { CPUS } from "../../hw/cpus.ts";
import type { PricedReason } from "../../kvm/event-prices.ts";
import type { HostSpec } from "../../kvm/host-spec.ts";
import { StatRun } from "../../kvm/stat.ts";
import { emulatedMix, type Mix } from "../imitation/mix.ts";

/** What an emulated side came to. */
export interface EmulatedSide {
  readonly mix: Mix;
  /** By perf's name: events that were seen, and the standard error of their average, relative to it. */
  readonly events: ReadonlyMap<string, { readonly samples: number; readonly avgError: number }>;
  /** What their cycles are made of. */
  readonly prices: readonly PricedReason[];
  readonly figures: readonly NamedFigure[];
}

/** Events of a side, and the emulated time that it takes for them. */
const EVENTS = 100_000;
const SECONDS = { min: 0.5, max: 20 };
/** Looks at the clock. */
const SLICES = 20;

/**
 * Emulates both over the same seed, so the same requests come at the same time. Yields how far it is, 0 to 1.
 * @param rate exits per second of the whole guest, about.
 */
export function* emulateBoth(
  before: HostSpec,
  after: HostSpec,
  rate: number,
  seed: number,
): Generator<number, { readonly before: EmulatedSide; readonly after: EmulatedSide }> {
  const seconds = Math.min(SECONDS.max, Math.max(SECONDS.min, EVENTS / Math.max(1, rate)));
  const was = yield* emulate(before, seconds, seed, 0);
  const is = yield* emulate(after, seconds, seed, 1 / 2);
  return { before: was, after: is };
}

function* emulate(spec: HostSpec, seconds: number, seed: number, from: number): Generator<number, EmulatedSide> {
  const run = new StatRun(spec, seed, seconds);
  const prices = run.itemize();
  for (let slice = 0; slice <= SLICES; slice++) {
    run.advance(slice / SLICES);
    yield from + slice / SLICES / 2;
  }
  const report = run.report();
  const { vendor } = CPUS[spec.cpu];
  return {
    mix: emulatedMix(report, vendor),
    events: new Map(report.exits.map(({ reason, samples, avg_error: avgError }) => [reason, { samples, avgError }])),
    prices: prices.reasons(),
    figures: prices.figures(),
  };
}
