/** Interrupts that idle CPUs handle: each in a stretch after its C-state exit, one after the other. */
export class IdleInterrupts {
  private readonly from: Float64Array;
  private readonly until: Float64Array;

  constructor(cpus: number) {
    this.from = new Float64Array(cpus);
    this.until = new Float64Array(cpus);
  }

  /** One more, which can begin at `awakeAt`; returns when it is done. */
  add(cpu: number, awakeAt: number, cost: number): number {
    const begin = Math.max(awakeAt, this.untilOf(cpu));
    if (begin > this.untilOf(cpu)) this.from[cpu] = begin;
    return (this.until[cpu] = begin + cost);
  }

  /** When those of a CPU are done. */
  untilOf(cpu: number): number {
    return this.until[cpu] as number;
  }

  /** Cycles of a CPU's that lie after `now`. */
  unfinished(cpu: number, now: number): number {
    return Math.max(0, this.untilOf(cpu) - Math.max(now, this.from[cpu] as number));
  }

  /** Those of all CPUs. */
  allUnfinished(now: number): number {
    return this.until.reduce((sum, _, cpu) => sum + this.unfinished(cpu, now), 0);
  }

  /** The CPU is another's from `now` on. */
  cutOff(cpu: number, now: number): void {
    this.until[cpu] = Math.min(this.untilOf(cpu), now);
  }

  /** Nothing goes on for so many cycles; returns the cycles by which work under way takes longer. */
  hold(now: number, length: number): number {
    let held = 0;
    this.until.forEach((until, cpu) => {
      if (until <= now) return;
      this.until[cpu] = until + length;
      if ((this.from[cpu] as number) > now) this.from[cpu] = (this.from[cpu] as number) + length;
      else held += length;
    });
    return held;
  }

  shift(delta: number): void {
    for (const array of [this.from, this.until]) array.forEach((at, cpu) => (array[cpu] = at + delta));
  }
}
