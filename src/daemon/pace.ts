/**
 * How fleet time follows the wall clock. The target is always computed from the start, never by
 * adding up timer intervals, so it does not drift. One slice emulates so little that the event
 * loop is soon free again; how much that is, is learnt from the slices before. Whoever falls
 * behind catches up at twice the speed at most, so a pause does not become a storm, and what
 * exceeds a few seconds is given up and counted. Reads no clock: times are handed in, in
 * milliseconds of a monotonic clock.
 */

/** Slices come this often when all is well. */
const TICK_MS = 20;
/** A slice means to take no longer. */
const SLICE_MS_MAX = 10;
/** The least fleet time of a slice, so that fixed costs do not eat it up; also the first slice. */
const SLICE_NS_MIN = 2.5e5;
/** After a slice of a loaded daemon, this share of its time belongs to everybody else. */
const REST_SHARE = 0.25;
const CATCH_UP = 2;
/** A backlog above this is given up. */
const BACKLOG_MS_MAX = 5000;
/** The speed reached is an average over this. */
const WINDOW_MS = 10_000;
const NS_IN_MS = 1e6;

export class Pace {
  /** Fleet nanoseconds in one millisecond of wall time. */
  readonly #nsPerMs: number;
  /** Fleet time is (wall - start - lost) × speed. */
  readonly #startMs: number;
  #lostMs = 0;
  #doneNs = 0;
  #nowMs: number;
  #lastSliceMs: number;
  /** Wall time of one emulated nanosecond; unknown before the first slice. */
  #costMsPerNs: number | null = null;
  readonly #window: { readonly ms: number; readonly ns: number }[];

  /** @param speed emulated seconds in one second of wall time. */
  constructor(speed: number, startMs: number) {
    this.#nsPerMs = speed * NS_IN_MS;
    this.#startMs = startMs;
    this.#nowMs = startMs;
    this.#lastSliceMs = startMs;
    this.#window = [{ ms: startMs, ns: 0 }];
  }

  /** Fleet time that has been emulated. */
  get doneNs(): number {
    return this.#doneNs;
  }

  /** Wall time by which the emulation is behind and still means to catch up. */
  get lagSeconds(): number {
    return Math.max(0, (this.#targetNs() - this.#doneNs) / this.#nsPerMs) / 1000;
  }

  /** Wall time given up. */
  get lostSeconds(): number {
    return this.#lostMs / 1000;
  }

  /** Speed reached over the last seconds, as a share of the speed asked for. */
  get speedRatio(): number {
    const [oldest] = this.#window;
    if (oldest === undefined || this.#nowMs - oldest.ms < TICK_MS) return 1;
    return (this.#doneNs - oldest.ns) / (this.#nowMs - oldest.ms) / this.#nsPerMs;
  }

  /** Fleet time at which the slice that begins now shall end. */
  nextNs(nowMs: number): number {
    const sinceMs = Math.min(nowMs - this.#lastSliceMs, SLICE_MS_MAX + TICK_MS);
    this.#nowMs = nowMs;
    this.#lastSliceMs = nowMs;
    const excessMs = (this.#targetNs() - this.#doneNs) / this.#nsPerMs - BACKLOG_MS_MAX;
    if (excessMs > 0) this.#lostMs += excessMs;
    const catchUpNs = CATCH_UP * sinceMs * this.#nsPerMs;
    const affordableNs = this.#costMsPerNs === null ? 0 : SLICE_MS_MAX / this.#costMsPerNs;
    const wantedNs = Math.min(this.#targetNs() - this.#doneNs, catchUpNs, Math.max(affordableNs, SLICE_NS_MIN));
    return this.#doneNs + Math.max(0, Math.floor(wantedNs));
  }

  /** Notes that a slice up to `toNs` has ended now and took so long; returns the rest before the next, in ms. */
  sliceDone(toNs: number, tookMs: number, nowMs: number): number {
    const ns = toNs - this.#doneNs;
    if (ns > 0) this.#learn(tookMs / ns);
    this.#doneNs = toNs;
    this.#nowMs = nowMs;
    this.#slide();
    const isBehind = this.#targetNs() - toNs > TICK_MS * this.#nsPerMs;
    return isBehind ? tookMs * REST_SHARE : Math.max(tookMs * REST_SHARE, TICK_MS - tookMs);
  }

  /** Dearer slices are believed sooner than cheaper ones. */
  #learn(cost: number): void {
    const before = this.#costMsPerNs ?? cost;
    this.#costMsPerNs = before + (cost - before) / (cost > before ? 2 : 8);
  }

  #slide(): void {
    const last = this.#window.at(-1);
    if (last === undefined || this.#nowMs - last.ms >= WINDOW_MS / 10) this.#window.push({ ms: this.#nowMs, ns: this.#doneNs });
    while (this.#window.length > 1 && this.#nowMs - (this.#window[0]?.ms ?? 0) > WINDOW_MS) this.#window.shift();
  }

  #targetNs(): number {
    return (this.#nowMs - this.#startMs - this.#lostMs) * this.#nsPerMs;
  }
}
