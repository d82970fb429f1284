/**
 * Which waiting thread an idle or less busy CPU may take over, and from whom.
 *
 * Linux kernel/sched/fair.c newidle_balance, load_balance, nohz_balancer_kick. Simplified: all CPUs
 * that a thread may run on are one scheduling domain, and load is the number of runnable threads;
 * neither a short average idle time nor a thread's warm caches hold a migration back.
 */
import type { RunQueue, VcpuTask } from "./run-queue.ts";

type Queues = readonly (RunQueue | null)[];

/** The CPU with the most runnable threads, of which one that waits may go to `cpu`. */
export function busiestFor(cpu: number, queues: Queues): { queue: RunQueue; task: VcpuTask } | null {
  let best: { queue: RunQueue; task: VcpuTask } | null = null;
  for (const queue of queues) {
    if (queue === null || queue.cpu === cpu || queue.waiting.length === 0) continue;
    if (best !== null && queue.runnable <= best.queue.runnable) continue;
    const task = queue.waiting.find(({ allowed }) => allowed.balanced && allowed.has[cpu] === true);
    if (task !== undefined) best = { queue, task };
  }
  return best;
}

/** An idle CPU that may take a waiting thread of this one. */
export function idleFor(queue: RunQueue, queues: Queues): { idle: RunQueue; task: VcpuTask } | null {
  for (const task of queue.waiting) {
    if (!task.allowed.balanced) continue;
    for (const cpu of task.allowed.cpus) {
      const idle = queues[cpu] ?? null;
      if (idle !== null && idle.curr === null) return { idle, task };
    }
  }
  return null;
}
