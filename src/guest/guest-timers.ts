/**
 * The high-resolution timers of one guest CPU and the clock event device below them: the
 * scheduler's tick, the watchdog, a thread that sleeps until an instant, and the timer wheel,
 * which the tick runs.
 *
 * Linux kernel/time/hrtimer.c hrtimer_force_reprogram, __hrtimer_start_range_ns; tick-sched.c
 * tick_nohz_stop_tick, tick_nohz_restart; kernel/watchdog.c; arch/x86 apic.c lapic_next_deadline.
 * The device is one-shot: it holds one deadline, and is written whenever the first timer changes.
 */
import { NEVER, type Instant } from "../lib/units.ts";
import type { MoveInstant } from "./program.ts";

/** Zero as a double, so that fields of cycles keep one representation from the start. */
const ZERO = -0;

export class GuestTimers {
  /** ts->sched_timer: the next tick, or with the tick stopped the wheel's next timer; NEVER while it is not queued. */
  tick: Instant;
  /** The softlockup watchdog, which is always queued. */
  watchdog: Instant;
  /** Until when a thread sleeps (hrtimer_nanosleep), or NEVER. */
  sleeper: Instant;
  /** The timer wheel's next timer; some tick at or after it runs it. */
  wheel: Instant;
  /** The tick is stopped. */
  stopped = false;
  /** Deadline that the device was programmed with; 0 once it fired. */
  programmed = ZERO;
  /** A tick that was due: all ticks lie on its grid. */
  private grid: Instant;
  /** Length of a tick. */
  tickCycles: number;

  constructor(first: { tick: Instant; watchdog: Instant; sleeper: Instant; wheel: Instant }, tickCycles: number) {
    this.tick = first.tick;
    this.grid = first.tick;
    this.watchdog = first.watchdog;
    this.sleeper = first.sleeper;
    this.wheel = first.wheel;
    this.tickCycles = tickCycles;
  }

  /** The timer that expires first: what the device has to stand at. */
  first(): number {
    const { tick, watchdog, sleeper } = this;
    const own = tick < watchdog ? tick : watchdog;
    return own < sleeper ? own : sleeper;
  }

  /** tick_sched_timer: the tick goes on; a stopped one is not queued again. */
  forwardTick(now: Instant): void {
    this.tick = this.stopped ? NEVER : this.tickAfter(now);
  }

  /** Queues the stopped tick's timer where the wheel needs it. */
  queueStopped(): void {
    this.tick = this.wheel === NEVER ? NEVER : this.tickAtOrAfter(this.wheel);
  }

  /** The wheel has nothing for the next tick, so the tick may stop. */
  canStop(): boolean {
    return this.wheel > this.tick;
  }

  /** The tick's timer is taken off the queue; true when it was the first, so that the device has to be programmed anew. */
  cancelTick(): boolean {
    const wasFirst = this.tick !== NEVER && this.tick === this.first();
    this.tick = NEVER;
    return wasFirst;
  }

  /** The first tick after `now`. */
  tickAfter(now: number): Instant {
    const { grid, tickCycles } = this;
    return (this.grid = (grid + tickCycles * (Math.floor((now - grid) / tickCycles) + 1)) as Instant);
  }

  moveInstants(move: MoveInstant): void {
    this.tick = move(this.tick);
    this.watchdog = move(this.watchdog);
    this.sleeper = move(this.sleeper);
    this.wheel = move(this.wheel);
    this.grid = move(this.grid);
    if (this.programmed !== 0) this.programmed = move(this.programmed as Instant);
  }

  private tickAtOrAfter(at: number): Instant {
    const { grid, tickCycles } = this;
    return (grid + tickCycles * Math.ceil((at - grid) / tickCycles)) as Instant;
  }
}
