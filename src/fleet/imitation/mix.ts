/** What an imitation has to come to: events per second and vCPU, and how long a vCPU is idle. */
import type { Capture, CapturedExits } from "../capture/capture.ts";
import type { Span } from "./span.ts";
import { EXITS } from "../../kvm/exits.ts";
import { formOf } from "../../kvm/exit.ts";
import type { StatReport } from "../../kvm/stat.ts";
import type { Vendor } from "../../hw/cpu-model.ts";

export interface Mix {
  readonly vendor: Vendor;
  /** Events per second and vCPU by perf's name. */
  readonly rates: ReadonlyMap<string, number>;
  /** Exits of which only the number is known, per second and vCPU: any reason that is not named. */
  readonly unlisted: number;
  /** All of them. */
  readonly total: number;
  /** Mean handling time by perf's name, microseconds. */
  readonly avgUs: ReadonlyMap<string, number>;
  /** IPIs per second and vCPU that were an MSR_WRITE, where that is known. */
  readonly icr: number | null;
}

const ICR = 0x830;

/** perf's name of the exits that have no rules here. */
export const otherName = (vendor: Vendor): string => formOf(EXITS.OTHER, vendor)?.name ?? "";

/** The mix that was captured; what the emulator does not know is one reason. */
export function capturedMix(capture: Capture, { seconds, vcpus }: Span): Mix {
  const per = 1 / (seconds * vcpus);
  const rates = new Map(capture.exits.map(({ reason, count }) => [reason, count * per]));
  const other = capture.unknown.reduce((sum, { count }) => sum + count, 0);
  if (other > 0) rates.set(otherName(capture.vendor), other * per);
  return {
    vendor: capture.vendor,
    rates,
    unlisted: capture.unlisted * per,
    total: [...rates.values()].reduce((sum, rate) => sum + rate, 0) + capture.unlisted * per,
    avgUs: new Map(capture.exits.flatMap(({ reason, times }) => (times === null ? [] : [[reason, times.avgUs] as const]))),
    icr: icrOf(capture, per),
  };
}

/** The table of MSRs may be of another recording: its share counts. */
function icrOf({ exits, msrs }: Capture, per: number): number | null {
  const writes = exits.find(({ reason }: CapturedExits) => reason === "MSR_WRITE" || reason === "msr")?.count ?? 0;
  const all = msrs.reduce((sum, { count }) => sum + count, 0);
  if (all === 0 || writes === 0) return null;
  const icr = msrs.filter(({ msr }) => msr === ICR).reduce((sum, { count }) => sum + count, 0);
  return (icr / all) * writes * per;
}

/** The mix that an emulated host came to. */
export function emulatedMix(report: StatReport, vendor: Vendor): Mix {
  const per = 1 / (report.seconds * report.vcpus);
  return {
    vendor,
    rates: new Map(report.exits.map(({ reason, samples }) => [reason, samples * per])),
    unlisted: 0,
    total: report.samples * per,
    avgUs: new Map(report.exits.map(({ reason, avg_us }) => [reason, avg_us])),
    icr: report.icr_samples * per,
  };
}

export const rateOf = ({ rates }: Mix, reason: string): number => rates.get(reason) ?? 0;
export const shareOf = (mix: Mix, reason: string): number => (mix.total === 0 ? 0 : rateOf(mix, reason) / mix.total);

/** Share of a vCPU's time inside HLT events, or null where the capture has no times. */
export function idleShare(mix: Mix): number | null {
  const name = mix.vendor === "intel" ? "HLT" : "hlt";
  if (rateOf(mix, name) === 0) return 0;
  const us = mix.avgUs.get(name);
  return us === undefined ? null : Math.min(1, (rateOf(mix, name) * us) / 1e6);
}

/** Names of exits that the host causes, not the guest. */
const OF_HOST: readonly string[] = ["EXTERNAL_INTERRUPT", "interrupt"];

/**
 * What a guest should come to on a host that interrupts it more often than the captured one did: a
 * little more of everything else, so that the shares stay.
 */
export function besideHost(captured: Mix, emulated: Mix): Mix {
  const excess = OF_HOST.reduce((sum, reason) => sum + Math.max(0, rateOf(emulated, reason) - rateOf(captured, reason)), 0);
  const factor = 1 + Math.min(RATE_MORE_MAX, excess / captured.total);
  const rates = [...captured.rates].map(([reason, rate]) => [reason, OF_HOST.includes(reason) ? rate : rate * factor] as const);
  return { ...captured, rates: new Map(rates) };
}
/** So much more at most. */
const RATE_MORE_MAX = 0.05;

/** Exits per second and vCPU for reasons that the captured mix does not name. */
export function unnamedRate(captured: Mix, emulated: Mix): number {
  const other = otherName(captured.vendor);
  return [...emulated.rates].reduce((sum, [reason, rate]) => sum + (reason === other || captured.rates.has(reason) ? 0 : rate), 0);
}

/** The largest difference of a reason's share. What the capture does not name is one reason. */
export const worstShare = (captured: Mix, emulated: Mix): number => Math.max(...shareDifferences(captured, emulated));

/** How far apart two mixes are: the largest difference of a share, and all of them, which tells rounds apart that one reason holds back. */
export const distance = (captured: Mix, emulated: Mix): number => {
  const differences = shareDifferences(captured, emulated);
  return Math.max(...differences) + differences.reduce((sum, difference) => sum + difference, 0);
};

function shareDifferences(captured: Mix, emulated: Mix): readonly number[] {
  const other = otherName(captured.vendor);
  const named = [...captured.rates.keys()].filter((reason) => reason !== other);
  const rest = (mix: Mix): number => 1 - named.reduce((sum, reason) => sum + shareOf(mix, reason), 0);
  return [
    Math.abs(rest(captured) - rest(emulated)),
    ...named.map((reason) => Math.abs(shareOf(captured, reason) - shareOf(emulated, reason))),
  ];
}
