/**
 * How long a capture took, and of how many vCPUs: perf's report says neither. Where nobody tells,
 * two clocks in the counts do: a halted vCPU is inside a HLT event, and a running one ticks.
 */
import type { Capture } from "../capture/capture.ts";

export interface Span {
  readonly seconds: number;
  readonly vcpus: number;
  /** What nobody said, and how it was found. */
  readonly assumed: readonly string[];
}

/** What the caller knows; the tick of the guest's kernel and of the host's. */
export interface SpanHints {
  readonly seconds: number | null;
  readonly vcpus: number | null;
  readonly guestHz: number;
  readonly hostHz: number;
}

/** vCPUs of a guest when nothing tells. */
const VCPUS = 4;
/** Share of its time that a vCPU runs, when nothing tells. */
const BUSY_SHARE = 0.25;
/** Exits per second and vCPU, when nothing tells at all. */
const EXITS_PER_SECOND = 5000;

export function spanOf(capture: Capture, hints: SpanHints): Span {
  const said = hints.seconds ?? capture.seconds;
  const { seconds: vcpuSeconds, from } = vcpuSecondsOf(capture, hints);
  if (said !== null && hints.vcpus !== null) return { seconds: said, vcpus: hints.vcpus, assumed: [] };
  if (said !== null) {
    const vcpus = Math.max(1, Math.round(vcpuSeconds / said));
    return { seconds: said, vcpus, assumed: [`${vcpus} vCPUs: ${from}`] };
  }
  const vcpus = hints.vcpus ?? VCPUS;
  const seconds = vcpuSeconds / vcpus;
  return { seconds, vcpus, assumed: [`${seconds.toPrecision(3)} s of ${vcpus} vCPUs: ${from}`] };
}

/** Seconds that vCPUs ran, by the ticks that found them running. */
export function runningSeconds(capture: Capture, guestHz: number, hostHz: number): { seconds: number; hz: number; of: string } {
  const expiries = countOf(capture, "PREEMPTION_TIMER");
  if (expiries > 0) return { seconds: expiries / guestHz, hz: guestHz, of: "timer expiries" };
  // Where the guest's own timer is none of the exits that the text names, it may be one of the others; else it interrupts the host.
  const hz = expiresAsInterrupt(capture) ? hostHz + guestHz : hostHz;
  return { seconds: countOf(capture, "EXTERNAL_INTERRUPT", "interrupt") / hz, hz, of: "host interrupts" };
}

/** No timer expiry has a reason of its own, and hardly an exit is left unnamed. */
export function expiresAsInterrupt(capture: Capture): boolean {
  const interrupts = countOf(capture, "EXTERNAL_INTERRUPT", "interrupt");
  return countOf(capture, "PREEMPTION_TIMER") === 0 && interrupts > 0 && capture.unlisted < interrupts;
}

export const countOf = ({ exits }: Capture, ...names: readonly string[]): number =>
  exits.filter(({ reason }) => names.includes(reason)).reduce((sum, { count }) => sum + count, 0);

function vcpuSecondsOf(capture: Capture, { guestHz, hostHz }: SpanHints): { seconds: number; from: string } {
  const handled = capture.exits.reduce((sum, exits) => sum + (exits.count * (exits.times?.avgUs ?? 0)) / 1e6, 0);
  const { seconds: running, hz, of } = runningSeconds(capture, guestHz, hostHz);
  const ticks = `${hz} ${of} a second while it runs`;
  const hasSleep = capture.exits.some(({ reason, times }) => times !== null && /^hlt$/i.test(reason));
  const halts = countOf(capture, "HLT", "hlt");
  if (running > 0 && (hasSleep || halts === 0)) return { seconds: handled + running, from: `time in exits, and ${ticks}` };
  if (running > 0) return { seconds: running / BUSY_SHARE, from: `${ticks}, and a quarter of its time running` };
  if (hasSleep) return { seconds: handled / (1 - BUSY_SHARE), from: "time in HLT, and a quarter of its time running" };
  const all = capture.unlisted + [...capture.exits, ...capture.unknown].reduce((sum, exits) => sum + exits.count, 0);
  return { seconds: all / EXITS_PER_SECOND, from: `${EXITS_PER_SECOND} exits a second and vCPU` };
}
