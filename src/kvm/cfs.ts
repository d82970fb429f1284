/**
 * The Completely Fair Scheduler: the thread that ran least runs next. A period is divided among the
 * runnable threads; a tick ends a slice; a wake-up preempts a thread that is ahead by more than the
 * wake-up granularity, and a sleeper comes back with a bonus of half a period at most.
 *
 * Linux kernel/sched/fair.c of 6.1: sched_slice, check_preempt_tick, check_preempt_wakeup,
 * place_entity, pick_next_entity. Simplified: no last buddy, which counts from eight threads on.
 */
import { cyclesOf } from "../lib/units.ts";
import { tunableFactor, type FairClass } from "./fair.ts";
import type { RunQueue, VcpuTask } from "./run-queue.ts";

/** Defaults of 3.x to 6.5 (fair.c: normalized_sysctl_sched_*); tuned and distributions change them. */
const CFS_TUNABLES = { latencyNs: 6_000_000, minGranularityNs: 750_000, wakeupGranularityNs: 1_000_000 } as const;

export class Cfs implements FairClass {
  private readonly latency: number;
  private readonly minGranularity: number;
  private readonly wakeupGranularity: number;

  constructor(cpus: number, ghz: number) {
    const factor = tunableFactor(cpus);
    this.latency = cyclesOf(CFS_TUNABLES.latencyNs * factor, ghz);
    this.minGranularity = cyclesOf(CFS_TUNABLES.minGranularityNs * factor, ghz);
    this.wakeupGranularity = cyclesOf(CFS_TUNABLES.wakeupGranularityNs * factor, ghz);
  }

  placeNew(queue: RunQueue, task: VcpuTask): void {
    // START_DEBIT: the period under way is promised to the others.
    task.vruntime = queue.minVruntime + this.slice(queue.runnable + 1);
  }

  placeWoken(queue: RunQueue, task: VcpuTask): void {
    // GENTLE_FAIR_SLEEPERS
    task.vruntime = Math.max(task.vruntime, queue.minVruntime - Math.floor(this.latency / 2));
  }

  sleeps(queue: RunQueue, task: VcpuTask): void {
    queue.forget(task);
  }

  moves(from: RunQueue, to: RunQueue, task: VcpuTask): void {
    task.vruntime += to.minVruntime - from.minVruntime;
  }

  starts(queue: RunQueue, task: VcpuTask): void {
    queue.forget(task);
  }

  tick(queue: RunQueue): boolean {
    const curr = queue.curr as VcpuTask;
    const ideal = this.slice(queue.runnable);
    if (curr.ran > ideal) {
      queue.forget(curr);
      return true;
    }
    if (curr.ran < this.minGranularity) return false;
    const first = leftmost(queue);
    return first !== null && curr.vruntime - first.vruntime > ideal;
  }

  preempts(queue: RunQueue, task: VcpuTask): boolean {
    if (!this.isAhead(queue.curr as VcpuTask, task)) return false;
    queue.next = task;
    return true;
  }

  pick(queue: RunQueue): VcpuTask | null {
    const { curr } = queue;
    const first = leftmost(queue);
    const left = first === null || (curr !== null && curr.vruntime < first.vruntime) ? curr : first;
    if (left === null) return null;
    let picked = left;
    if (queue.skip === left) {
      const second = left === curr ? first : secondTo(queue, left);
      if (second !== null && !this.isAhead(second, left)) picked = second;
    }
    if (queue.next !== null && !this.isAhead(queue.next, left)) picked = queue.next;
    return picked;
  }

  yields(queue: RunQueue): void {
    queue.skip = queue.curr;
  }

  /** sched_slice with `runnable` threads of one weight. */
  private slice(runnable: number): number {
    const period = Math.max(this.latency, runnable * this.minGranularity);
    return Math.floor(period / runnable);
  }

  /** wakeup_preempt_entity: so far ahead that running it before the other would be unfair. */
  private isAhead(task: VcpuTask, other: VcpuTask): boolean {
    return task.vruntime - other.vruntime > this.wakeupGranularity;
  }
}

/** The waiting thread that ran least; of equals the one that came first. */
function leftmost(queue: RunQueue, except: VcpuTask | null = null): VcpuTask | null {
  let least: VcpuTask | null = null;
  for (const task of queue.waiting) if (task !== except && (least === null || task.vruntime < least.vruntime)) least = task;
  return least;
}

function secondTo(queue: RunQueue, first: VcpuTask): VcpuTask | null {
  const { curr } = queue;
  const second = leftmost(queue, first);
  return second === null || (curr !== null && curr.vruntime < second.vruntime) ? curr : second;
}
