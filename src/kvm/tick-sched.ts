/**
 * When the host's ticks come: on all CPUs at the same instants, on each one for as long as it wants them.
 *
 * Linux kernel/time/tick-sched.c tick_sched_timer, without skew_tick.
 */
import { NEVER, type Instant } from "../lib/units.ts";

export class TickSched {
  private readonly at: Float64Array;
  private period: number;
  /** How often the time axis was moved, and by how much each time. */
  private moves = 0;
  private moveCycles = 0;

  constructor(cpus: number, period: number) {
    this.at = new Float64Array(cpus).fill(NEVER);
    this.period = period;
  }

  /** Another length of the tick: every CPU says anew whether it wants it. */
  configure(period: number): void {
    this.period = period;
  }

  /** When the CPU ticks next; NEVER without a tick. */
  nextAt(cpu: number): number {
    return this.at[cpu] as number;
  }

  isStopped(cpu: number): boolean {
    return this.at[cpu] === NEVER;
  }

  start(cpu: number, now: Instant): void {
    // Ticks count from the boot, which lies far back: only the phase is kept, so that all stays exact.
    const origin = (this.moves * (this.moveCycles % this.period)) % this.period;
    this.at[cpu] = origin + this.period * (Math.floor((now - origin) / this.period) + 1);
  }

  stop(cpu: number): void {
    this.at[cpu] = NEVER;
  }

  /** Moves every instant by `delta`, the same at each call. */
  shift(delta: number): void {
    this.at.forEach((at, cpu) => (this.at[cpu] = at + delta));
    this.moves++;
    this.moveCycles = delta;
  }
}
