/** Runs the emulation slice by slice beside everything else that the process does. */
import { performance } from "node:perf_hooks";
import type { DaemonStats } from "../metrics/daemon-stats.ts";
import { Pace } from "./pace.ts";

/** What falls behind by more is reported, once, until it is on time again; warming up may take a second or two. */
const BEHIND_SECONDS = 3;
const ON_TIME_SECONDS = 0.2;

export interface Emulation {
  /** Emulates up to fleet time `nowNs`. */
  advance(nowNs: number): void;
}

export interface SlicesOptions {
  readonly emulation: Emulation;
  readonly speed: number;
  readonly stats: DaemonStats;
  /** Called when the emulation falls behind its pace, and when it is on time again. */
  readonly onPace: (isBehind: boolean) => void;
}

export class Slices {
  readonly #options: SlicesOptions;
  readonly #pace: Pace;
  #timer: NodeJS.Timeout | undefined;
  #isBehind = false;

  /** Starts at once; fleet time 0 is now. */
  constructor(options: SlicesOptions) {
    this.#options = options;
    this.#pace = new Pace(options.speed, performance.now());
    this.#schedule(0);
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  #schedule(delayMs: number): void {
    this.#timer = setTimeout(() => this.#slice(), delayMs);
  }

  #slice(): void {
    const startMs = performance.now();
    const toNs = this.#pace.nextNs(startMs);
    this.#options.emulation.advance(toNs);
    const endMs = performance.now();
    const restMs = this.#pace.sliceDone(toNs, endMs - startMs, endMs);
    this.#account((endMs - startMs) / 1000);
    this.#schedule(restMs);
  }

  #account(tookSeconds: number): void {
    const { stats, onPace } = this.#options;
    stats.sliceSeconds.observe(tookSeconds);
    stats.pace.emulatedSeconds = this.#pace.doneNs / 1e9;
    stats.pace.speedRatio = this.#pace.speedRatio;
    stats.pace.lagSeconds = this.#pace.lagSeconds;
    stats.pace.lostSeconds = this.#pace.lostSeconds;
    const isBehind = stats.pace.lagSeconds > (this.#isBehind ? ON_TIME_SECONDS : BEHIND_SECONDS);
    if (isBehind === this.#isBehind) return;
    this.#isBehind = isBehind;
    onPace(isBehind);
  }
}
