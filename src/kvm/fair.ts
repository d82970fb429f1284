/**
 * Who runs next, for how long, and who may preempt: the fair scheduling class. Up to 6.5 it is CFS,
 * from 6.6 on EEVDF.
 *
 * Linux kernel/sched/fair.c. Simplified: equal weights, one level; what each leaves out stands in
 * `cfs.ts` and `eevdf.ts`.
 */
import type { RunQueue, VcpuTask } from "./run-queue.ts";

export interface FairClass {
  /** place_entity: a thread that was just made joins the queue. */
  placeNew(queue: RunQueue, task: VcpuTask): void;
  /** place_entity: a thread that slept joins the queue. */
  placeWoken(queue: RunQueue, task: VcpuTask): void;
  /** The thread stops being runnable; it is still `curr`. */
  sleeps(queue: RunQueue, task: VcpuTask): void;
  /** The thread goes to another CPU: its virtual time is measured against that one's. */
  moves(from: RunQueue, to: RunQueue, task: VcpuTask): void;
  /** set_next_entity: it was picked and runs from now on. */
  starts(queue: RunQueue, task: VcpuTask): void;
  /** The tick: true when the running thread has had its share (TIF_NEED_RESCHED). */
  tick(queue: RunQueue): boolean;
  /** check_preempt_wakeup: true when the thread that just joined should run instead of the present one. */
  preempts(queue: RunQueue, task: VcpuTask): boolean;
  /** pick_next_entity over those that wait and the present one, if it is still runnable. */
  pick(queue: RunQueue): VcpuTask | null;
  /** yield_task_fair: the present thread gives way. */
  yields(queue: RunQueue): void;
}

/** The default tunables hold for one CPU; they grow with the logarithm of up to eight (get_update_sysctl_factor). */
export const tunableFactor = (cpus: number): number => 1 + Math.floor(Math.log2(Math.min(cpus, 8)));
