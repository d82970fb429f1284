/**
 * What a change did to each reason's exits, measured against emulated: their share and the mean of
 * their handling. The guest's workload was found in the capture of before alone, so each change is
 * a prediction, and the capture of after is what it is tested on.
 */
import type { Capture } from "../capture/capture.ts";
import { otherName, rateOf, unnamedRate, type Mix } from "../imitation/mix.ts";
import type { EmulatedSide } from "./emulate-both.ts";

/** A reason's exits in one capture, or on one side of the emulation. */
export interface Figures {
  /** Of all exits, 0 to 1. */
  readonly share: number;
  readonly per_second_per_vcpu: number;
  /** Null: nobody measured times, or there were no such exits. */
  readonly avg_us: number | null;
}

/** A change, measured and emulated, and whether the two are close enough. */
export interface Judged {
  /** After less before in shares; after over before, less 1, in averages. */
  readonly measured: number;
  readonly emulated: number;
  /** How far apart the two may be. */
  readonly allowed: number;
  readonly agrees: boolean;
}

export interface JudgedReason {
  readonly reason: string;
  readonly measured: { readonly before: Figures; readonly after: Figures };
  readonly emulated: { readonly before: Figures; readonly after: Figures };
  readonly share: Judged;
  /** Null: not judged, and why not. */
  readonly avg: Judged | null;
  readonly unjudged: string | null;
}

/** A captured side: the text's numbers, and as a mix of rates. */
export interface MeasuredSide {
  readonly capture: Capture;
  readonly mix: Mix;
}

interface Sides<T> {
  readonly before: T;
  readonly after: T;
}

/** Shares may be so far apart, as an import's. */
const SHARE_APART = 0.03;
/** Averages' changes may be apart by so much, by this part of the measured change, and by what chance brings. */
const AVERAGE_APART = { least: 0.05, part: 0.25 } as const;
/** Standard errors in a 95 % interval. */
const CONFIDENCE = 1.96;
/** A reason with less of the exits, or fewer events, says too little about its average. */
const LEAST = { share: 0.01, events: 30 };

/** A line for each reason that either capture names, the most frequent before first, and one for all others. */
export function judge(measured: Sides<MeasuredSide>, emulated: Sides<EmulatedSide>): readonly JudgedReason[] {
  const { vendor } = measured.before.mix;
  const other = otherName(vendor);
  const names = [...measured.before.mix.rates.keys(), ...measured.after.mix.rates.keys()];
  const named = [...new Set(names)].filter((reason) => reason !== other);
  const rows = named.map((reason) =>
    judged(
      reason,
      measured,
      emulated,
      (mix) => rateOf(mix, reason),
      (mix) => mix.avgUs.get(reason) ?? null,
    ),
  );
  const known: Mix = { ...measured.before.mix, rates: new Map(named.map((reason) => [reason, 0])) };
  const rest = judged(
    other,
    measured,
    emulated,
    (mix) => rateOf(mix, other) + mix.unlisted + unnamedRate(known, mix),
    () => null,
  );
  const isEmpty = [rest.measured, rest.emulated].every(({ before, after }) => before.share + after.share === 0);
  return isEmpty ? rows : [...rows, rest];
}

function judged(
  reason: string,
  measured: Sides<MeasuredSide>,
  emulated: Sides<EmulatedSide>,
  rate: (mix: Mix) => number,
  avg: (mix: Mix) => number | null,
): JudgedReason {
  const figures = ({ mix }: { readonly mix: Mix }): Figures => ({
    share: mix.total === 0 ? 0 : rate(mix) / mix.total,
    per_second_per_vcpu: rate(mix),
    avg_us: avg(mix),
  });
  const came = { before: figures(measured.before), after: figures(measured.after) };
  const was = { before: figures(emulated.before), after: figures(emulated.after) };
  const share = {
    measured: came.after.share - came.before.share,
    emulated: was.after.share - was.before.share,
    allowed: SHARE_APART,
  };
  const unjudged = unjudgedAverage(reason, came, was, measured, emulated);
  return {
    reason,
    measured: came,
    emulated: was,
    share: { ...share, agrees: isClose(share) },
    avg: unjudged === null ? judgedAverage(reason, came, was, measured, emulated) : null,
    unjudged,
  };
}

const isClose = ({ measured, emulated, allowed }: Omit<Judged, "agrees">): boolean => Math.abs(measured - emulated) <= allowed;

/** Why a reason's average is not judged; null where it is. */
function unjudgedAverage(
  reason: string,
  came: Sides<Figures>,
  was: Sides<Figures>,
  measured: Sides<MeasuredSide>,
  emulated: Sides<EmulatedSide>,
): string | null {
  if (/^hlt$/i.test(reason)) return "how long a vCPU sleeps is its workload's";
  if ([came.before, came.after].some(({ avg_us }) => avg_us === null || avg_us === 0)) return "no times";
  if ([came.before, came.after, was.before, was.after].some(({ share }) => share < LEAST.share)) return "less than 1 % of the exits";
  const seen = [
    ...[measured.before, measured.after].map(({ capture }) => capture.exits.find((exits) => exits.reason === reason)?.count),
    ...[emulated.before, emulated.after].map(({ events }) => events.get(reason)?.samples),
  ];
  return seen.some((events) => (events ?? 0) < LEAST.events) ? `fewer than ${LEAST.events} events` : null;
}

function judgedAverage(
  reason: string,
  came: Sides<Figures>,
  was: Sides<Figures>,
  measured: Sides<MeasuredSide>,
  emulated: Sides<EmulatedSide>,
): Judged {
  const ratio = ({ before, after }: Sides<Figures>): number => (after.avg_us ?? 0) / (before.avg_us ?? 1);
  const errorOf = ({ capture }: MeasuredSide): number => capture.exits.find((exits) => exits.reason === reason)?.times?.avgError ?? 0;
  const emulatedError = ({ events }: EmulatedSide): number => events.get(reason)?.avgError ?? 0;
  const chance = Math.hypot(
    ratio(came) * Math.hypot(errorOf(measured.before), errorOf(measured.after)),
    ratio(was) * Math.hypot(emulatedError(emulated.before), emulatedError(emulated.after)),
  );
  const change = { measured: ratio(came) - 1, emulated: ratio(was) - 1 };
  const allowed = AVERAGE_APART.least + AVERAGE_APART.part * Math.abs(change.measured) + CONFIDENCE * chance;
  return { ...change, allowed, agrees: isClose({ ...change, allowed }) };
}

/** What it comes to: a sentence each for what does not agree. */
export interface Verdict {
  readonly agrees: boolean;
  readonly findings: readonly string[];
  readonly judged: { readonly shares: number; readonly averages: number };
}

/** @param fit the largest difference of a share between the captured and the emulated host of before. */
export function verdictOf(reasons: readonly JudgedReason[], fit: number): Verdict {
  const percent = (change: number): string => `${change < 0 ? "" : "+"}${(change * 100).toFixed(1)}`;
  const findings = [
    ...(fit > SHARE_APART
      ? [`the workload that was found gives back BEFORE's shares no better than within ${(fit * 100).toFixed(1)} points`]
      : []),
    ...reasons.flatMap(({ reason, share }) =>
      share.agrees
        ? []
        : [`${reason}: its share changed by ${percent(share.measured)} points measured, by ${percent(share.emulated)} emulated`],
    ),
    ...reasons.flatMap(({ reason, avg }) =>
      avg === null || avg.agrees
        ? []
        : [
            `${reason}: its average changed by ${percent(avg.measured)} % measured, by ${percent(avg.emulated)} % emulated; ` +
              `${(avg.allowed * 100).toFixed(1)} points apart are allowed`,
          ],
    ),
  ];
  const averages = reasons.filter(({ avg }) => avg !== null).length;
  return { agrees: findings.length === 0, findings, judged: { shares: reasons.length, averages } };
}
