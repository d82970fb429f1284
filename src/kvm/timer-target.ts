/**
 * Where an unpinned hrtimer goes: it stays on a housekeeping CPU, which arms it while it runs; from a
 * nohz_full CPU it goes to the nearest housekeeping CPU that is not idle, or if all are, to the nearest.
 *
 * Linux kernel/sched/core.c get_nohz_timer_target. Simplified: the nearest are those of the own socket.
 */
import { socketOf } from "../hw/topology.ts";

export class TimerTargets {
  /** Housekeeping CPUs by distance, as each of the two sockets sees them. */
  private readonly bySocket: readonly (readonly number[])[];
  private readonly nohzFull: readonly boolean[];

  constructor(count: number, nohzFull: readonly boolean[]) {
    this.nohzFull = nohzFull;
    const housekeepers = Array.from({ length: count }, (_, cpu) => cpu).filter((cpu) => nohzFull[cpu] !== true);
    const distance = (cpu: number, own: number): number => Number(socketOf(cpu, count) !== own);
    this.bySocket = [0, 1].map((own) => housekeepers.toSorted((a, b) => distance(a, own) - distance(b, own) || a - b));
  }

  of(cpu: number, isIdle: (cpu: number) => boolean): number {
    if (this.nohzFull[cpu] !== true) return cpu;
    const near = this.bySocket[socketOf(cpu, this.nohzFull.length)] as readonly number[];
    for (const candidate of near) if (!isIdle(candidate)) return candidate;
    return near[0] ?? cpu;
  }
}
