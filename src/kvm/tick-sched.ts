/**
 * When the host's ticks come: on all CPUs at the same instants, on each one for as long as it wants them.
 *
 * Linux kernel/time/tick-sched.c tick_sched_timer, without skew_tick.
 */
import { tailTable } from "../cost/noise.ts";
import { EXTRAS, INTERRUPT_SPREAD } from "../cost/paths.ts";
import { NEVER, type Instant } from "../lib/units.ts";
import { Stream } from "../sim/random.ts";
import { readQuantile } from "../sim/samplers.ts";

const SPREAD = tailTable(INTERRUPT_SPREAD.tick.value);

export class TickSched {
  private readonly at: Float64Array;
  private period: number;
  /** How often the time axis was moved, and by how much each time. */
  private moves = 0;
  private moveCycles = 0;
  private readonly draws: readonly Stream[];

  constructor(cpus: number, seed: number, period: number) {
    this.draws = Array.from({ length: cpus }, (_, cpu) => new Stream(seed, `cpu${cpu}/tick`));
    this.at = new Float64Array(cpus).fill(NEVER);
    this.period = period;
  }

  /** Every CPU says anew whether it wants the tick; another length of it stops all. */
  configure(period: number): void {
    if (period === this.period) return;
    this.period = period;
    this.at.fill(NEVER);
  }

  /** What the tick that has come takes on the reference core: mostly the same, now and then a timer or RCU more. */
  work(cpu: number): number {
    return EXTRAS.hostTick.value * readQuantile(SPREAD, (this.draws[cpu] as Stream).next());
  }

  /** When the CPU ticks next; NEVER without a tick. */
  nextAt(cpu: number): number {
    return this.at[cpu] as number;
  }

  isStopped(cpu: number): boolean {
    return this.at[cpu] === NEVER;
  }

  /** The next tick, or the one that is to come already, perhaps late. */
  start(cpu: number, now: Instant): void {
    if (now < this.nextAt(cpu) && !this.isStopped(cpu)) return;
    // Ticks count from the boot, which lies far back: only the phase is kept, so that all stays exact.
    const origin = (this.moves * (this.moveCycles % this.period)) % this.period;
    this.at[cpu] = origin + this.period * (Math.floor((now - origin) / this.period) + 1);
  }

  stop(cpu: number): void {
    this.at[cpu] = NEVER;
  }

  /** None comes before `until`. */
  hold(until: number): void {
    this.at.forEach((at, cpu) => (this.at[cpu] = Math.max(at, until)));
  }

  /** Moves every instant by `delta`, the same at each call. */
  shift(delta: number): void {
    this.at.forEach((at, cpu) => (this.at[cpu] = at + delta));
    this.moves++;
    this.moveCycles = delta;
  }
}
