/**
 * A spinlock of the guest's kernel, here the run queue's of each of its CPUs, which who wakes a
 * thread there takes. It is held for less than a microsecond, so on CPUs of their own vCPUs hardly ever meet at
 * it; but a vCPU that the host preempts while it holds it keeps all others spinning.
 *
 * Linux kernel/sched/core.c ttwu_queue, rq_lock. Simplified: native spinlocks, as with nopvspin or
 * KVM_HINTS_REALTIME: who waits spins and never halts; whoever looks first gets it; only wake-ups of other
 * CPUs' threads take it, and only guests that share CPUs are asked to.
 */
export class SpinLock {
  /** CPU of the guest that holds it, or -1. */
  private holder = -1;
  private spinning: number[] = [];

  /** True when `cpu` has it now; otherwise it is told by `release` when to look again. */
  take(cpu: number): boolean {
    if (this.holder >= 0) {
      if (!this.spinning.includes(cpu)) this.spinning.push(cpu);
      return false;
    }
    this.holder = cpu;
    return true;
  }

  get isFree(): boolean {
    return this.holder < 0;
  }

  /** Gives it up; returns who spins for it. */
  release(): readonly number[] {
    const { spinning } = this;
    this.holder = -1;
    this.spinning = [];
    return spinning;
  }
}
