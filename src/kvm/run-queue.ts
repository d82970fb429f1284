/**
 * The run queue of a physical CPU: the thread that runs, and those that are runnable and wait. Their
 * waiting is the steal time of their guests.
 *
 * Linux kernel/sched/sched.h struct rq, struct cfs_rq; fair.c update_curr, update_min_vruntime.
 */
import { NEVER, type Instant } from "../lib/units.ts";
import type { Task } from "./task.ts";
import type { Vcpu } from "./vcpu.ts";

export type VcpuTask = Task<Vcpu>;

export class RunQueue {
  readonly cpu: number;
  /** The thread that has the CPU, from when it is chosen on. */
  curr: VcpuTask | null = null;
  /** Runnable threads that wait, in the order in which they came. */
  readonly waiting: VcpuTask[] = [];
  minVruntime = -0;
  /** Buddies: who is wanted next (a directed yield, a wake-up that preempts), and who gave way. */
  next: VcpuTask | null = null;
  skip: VcpuTask | null = null;
  /** Whom schedule() has chosen while the present thread is still being put. */
  chosen: VcpuTask | null = null;
  /** vCPU whose VMCS was loaded here last (per_cpu current_vmcs). */
  loaded: Vcpu | null = null;
  /** When the tick looks for busier CPUs next, and how often it found one it could not help (nr_balance_failed). */
  balanceAt: Instant = 0 as Instant;
  balanceFailed = 0;

  constructor(cpu: number) {
    this.cpu = cpu;
  }

  /** rq->nr_running. */
  get runnable(): number {
    return this.waiting.length + (this.curr === null ? 0 : 1);
  }

  /** update_curr: the running thread's time up to now. */
  account(now: Instant): void {
    const { curr } = this;
    if (curr === null || curr.accountedTo === NEVER) return;
    const ran = now - curr.accountedTo;
    curr.accountedTo = now;
    curr.ran += ran;
    curr.vruntime += ran;
    this.raiseMinimum();
  }

  /** update_min_vruntime: it never goes back. */
  raiseMinimum(): void {
    let least = this.curr === null ? Infinity : this.curr.vruntime;
    for (const task of this.waiting) if (task.vruntime < least) least = task.vruntime;
    if (least !== Infinity && least > this.minVruntime) this.minVruntime = least;
  }

  /** Takes a waiting thread out; false when it does not wait here. */
  remove(task: VcpuTask): boolean {
    const at = this.waiting.indexOf(task);
    if (at < 0) return false;
    this.waiting.splice(at, 1);
    this.forget(task);
    return true;
  }

  /** clear_buddies. */
  forget(task: VcpuTask): void {
    if (this.next === task) this.next = null;
    if (this.skip === task) this.skip = null;
    if (this.chosen === task) this.chosen = null;
  }

  /** Lets virtual time begin at 0 again for all whose time is counted here. */
  rebase(tasks: readonly VcpuTask[]): void {
    for (const task of tasks) {
      task.vruntime -= this.minVruntime;
      task.deadline -= this.minVruntime;
    }
    this.minVruntime = 0;
  }
}
