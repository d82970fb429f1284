/**
 * Where a woken thread goes: back to the CPU where it ran last if that idles, else to an idle one that
 * shares its last-level cache, else back all the same.
 *
 * Linux kernel/sched/fair.c select_task_rq_fair, select_idle_sibling. Simplified: a socket is one
 * last-level cache; the waker's CPU has no pull (wake_affine); idle threads of half-busy cores are as
 * good as idle cores, since siblings do not slow each other here; the search is never cut short (SIS_UTIL).
 */
import { socketOf } from "../hw/topology.ts";
import type { RunQueue, VcpuTask } from "./run-queue.ts";

type Queues = readonly (RunQueue | null)[];

export function selectCpu(task: VcpuTask, queues: Queues, count: number): number {
  const previous = task.thread.cpu;
  const { cpus, balanced } = task.allowed;
  if (isIdle(queues[previous]) || !balanced) return previous;
  const socket = socketOf(previous, count);
  // for_each_cpu_wrap from the next one on.
  const after = cpus.findIndex((cpu) => cpu > previous);
  const first = after < 0 ? 0 : after;
  for (let i = 0; i < cpus.length; i++) {
    const cpu = cpus[(first + i) % cpus.length] as number;
    if (socketOf(cpu, count) === socket && isIdle(queues[cpu])) return cpu;
  }
  return previous;
}

const isIdle = (queue: RunQueue | null | undefined): boolean => queue !== null && queue !== undefined && queue.curr === null;
