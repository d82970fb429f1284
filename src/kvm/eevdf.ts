/**
 * Earliest Eligible Virtual Deadline First: of the threads that have had no more than their share, the
 * one whose request is due first. A thread that runs keeps the CPU until its request is served or it
 * had more than its share; a sleeper comes back owed what it was owed.
 *
 * Linux kernel/sched/fair.c of 6.12: pick_eevdf, place_entity, update_deadline, entity_lag,
 * check_preempt_wakeup_fair. Simplified: no delayed dequeue, no requests of one's own length; the
 * buddy of a directed yield is taken if it is eligible (PICK_BUDDY), which the first releases did not do.
 */
import { cyclesOf } from "../lib/units.ts";
import { tunableFactor, type FairClass } from "./fair.ts";
import type { RunQueue, VcpuTask } from "./run-queue.ts";

/** normalized_sysctl_sched_base_slice of 6.12.117; 750,000 before. */
const EEVDF_BASE_SLICE_NS = 700_000;

export class Eevdf implements FairClass {
  private readonly slice: number;
  private readonly tickCycles: number;

  constructor(cpus: number, ghz: number, tickHz: number) {
    this.slice = cyclesOf(EEVDF_BASE_SLICE_NS * tunableFactor(cpus), ghz);
    this.tickCycles = Math.round((ghz * 1e9) / tickHz);
  }

  placeNew(queue: RunQueue, task: VcpuTask): void {
    task.vruntime = average(queue);
    task.deadline = task.vruntime + Math.floor(this.slice / 2);
  }

  placeWoken(queue: RunQueue, task: VcpuTask): void {
    const { runnable } = queue;
    // Its own coming moves the average; the lag is inflated so that it is the old one afterwards.
    const lag = runnable === 0 ? 0 : Math.floor((task.lag * (runnable + 1)) / runnable);
    task.vruntime = average(queue) - lag;
    task.deadline = task.vruntime + this.slice;
  }

  sleeps(queue: RunQueue, task: VcpuTask): void {
    task.lag = this.lagOf(queue, task);
    queue.forget(task);
  }

  moves(from: RunQueue, to: RunQueue, task: VcpuTask): void {
    const by = average(to) - average(from);
    task.vruntime += by;
    task.deadline += by;
  }

  starts(queue: RunQueue, task: VcpuTask): void {
    task.protected = true;
    queue.forget(task);
  }

  tick(queue: RunQueue): boolean {
    const curr = queue.curr as VcpuTask;
    if (!this.served(curr)) return false;
    queue.forget(curr);
    return true;
  }

  preempts(queue: RunQueue, task: VcpuTask): boolean {
    this.served(queue.curr as VcpuTask);
    return this.best(queue) === task;
  }

  pick(queue: RunQueue): VcpuTask | null {
    const { next } = queue;
    return next !== null && isEligible(queue, next) ? next : this.best(queue);
  }

  yields(queue: RunQueue): void {
    const curr = queue.curr as VcpuTask;
    curr.deadline += this.slice;
    curr.protected = false;
  }

  /** update_deadline: true when the request is served; the next one begins. */
  private served(curr: VcpuTask): boolean {
    if (curr.vruntime < curr.deadline) return false;
    curr.deadline = curr.vruntime + this.slice;
    curr.protected = false;
    return true;
  }

  /** pick_eevdf. */
  private best(queue: RunQueue): VcpuTask | null {
    const curr = queue.curr !== null && (queue.waiting.length === 0 || isEligible(queue, queue.curr)) ? queue.curr : null;
    if (curr !== null && (curr.protected || queue.waiting.length === 0)) return curr;
    let best: VcpuTask | null = null;
    for (const task of queue.waiting) if ((best === null || task.deadline < best.deadline) && isEligible(queue, task)) best = task;
    return best === null || (curr !== null && curr.deadline < best.deadline) ? curr : best;
  }

  private lagOf(queue: RunQueue, task: VcpuTask): number {
    const limit = Math.max(2 * this.slice, this.tickCycles);
    return Math.min(Math.max(average(queue) - task.vruntime, -limit), limit);
  }
}

/** Sum of virtual times relative to the least one, which keeps it exact. */
function sum(queue: RunQueue): number {
  const { curr, minVruntime } = queue;
  let total = curr === null ? 0 : curr.vruntime - minVruntime;
  for (const task of queue.waiting) total += task.vruntime - minVruntime;
  return total;
}

/** avg_vruntime: where each thread would stand if time were shared perfectly. */
function average(queue: RunQueue): number {
  const { runnable, minVruntime } = queue;
  return minVruntime + (runnable === 0 ? 0 : Math.floor(sum(queue) / runnable));
}

/** vruntime_eligible. */
const isEligible = (queue: RunQueue, task: VcpuTask): boolean => sum(queue) >= (task.vruntime - queue.minVruntime) * queue.runnable;
