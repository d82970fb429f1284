/**
 * How long physical CPUs have been in a C-state while they were idle: from the instant at which the
 * idle task went to sleep to the event that wakes the CPU. Entering and leaving a state counts as
 * awake, as does idle time too short for any state, in which the idle loop polls.
 *
 * Linux kernel/sched/idle.c cpuidle_idle_call; turbostat's Busy% is what is left of the time.
 */
import { NEVER } from "../lib/units.ts";

export class CstateTime {
  /** Complete stretches of each CPU. */
  private readonly cycles: Float64Array;
  private readonly since: Float64Array;

  constructor(cpus: number) {
    this.cycles = new Float64Array(cpus);
    this.since = new Float64Array(cpus).fill(NEVER);
  }

  /** The CPU goes to sleep at `at`, which may lie ahead: the end of an interrupt that it handles. */
  sleep(cpu: number, at: number): void {
    this.since[cpu] = at;
  }

  /** It is awake from `now` on. `inState`: it had slept long enough for a C-state. */
  wake(cpu: number, now: number, inState: boolean): void {
    if (inState) this.cycles[cpu] = this.soFar(cpu, now, inState);
    this.since[cpu] = NEVER;
  }

  /** Cycles in a C-state up to `now`. */
  soFar(cpu: number, now: number, inState: boolean): number {
    const stretch = inState ? Math.max(0, now - (this.since[cpu] as number)) : 0;
    return (this.cycles[cpu] as number) + stretch;
  }

  /** Nobody goes to sleep for so many cycles: who was about to does so later. */
  hold(now: number, length: number): void {
    this.since.forEach((at, cpu) => (this.since[cpu] = at > now ? at + length : at));
  }

  shift(delta: number): void {
    this.since.forEach((at, cpu) => (this.since[cpu] = at + delta));
  }
}
