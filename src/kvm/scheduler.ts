/**
 * The host's scheduler on CPUs that vCPUs share: where a woken thread goes, when a thread has to give
 * its CPU to another, and what an idle CPU takes over from busy ones. Decisions fall at host ticks,
 * at wake-ups, when a thread blocks, and at the end of an exit that finds need_resched. CPUs that are
 * pinned to one vCPU each have no run queue and never get here.
 *
 * Linux kernel/sched/core.c try_to_wake_up, resched_curr, schedule, yield_to; which thread is whose
 * turn is `cfs.ts` or `eevdf.ts`. Simplified: no group scheduling; the kernel's own threads are the
 * interrupts of `physical-cpus.ts`.
 */
import { NEVER, type Instant } from "../lib/units.ts";
import type { FairClass } from "./fair.ts";
import { busiestFor, idleFor } from "./load-balance.ts";
import type { PhysicalCpus } from "./physical-cpus.ts";
import type { RunQueue, VcpuTask } from "./run-queue.ts";
import { selectCpu } from "./select-cpu.ts";
import { PHASE, STATE, type Vcpu } from "./vcpu.ts";
import type { VcpuSwitch } from "./vcpu-switch.ts";

export interface SchedulerSettings {
  readonly fair: FairClass;
  readonly ipiFlight: number;
  /** Cycles in which a waker makes the thread runnable, on its own CPU and from another one. */
  readonly wakeLocal: number;
  readonly wakeRemote: number;
  /** Cycles of the reschedule interrupt in a host that handles it outside of the guest. */
  readonly rescheduleCycles: number;
  /** Cycles between two looks of a busy CPU for busier ones, per CPU of its scheduling domain. */
  readonly balanceCycles: number;
}

export interface SchedulerNeeds {
  readonly settings: SchedulerSettings;
  readonly cpus: PhysicalCpus;
  readonly switching: VcpuSwitch;
  /** The reschedule IPI to a vCPU that is in the guest. */
  interruptGuest(vcpu: Vcpu, now: Instant): void;
  /** The thread that slept runs again (`kvm_vcpu_block` returns). */
  awake(vcpu: Vcpu, now: Instant): void;
  /** Another thread became runnable on the CPU that the vCPU polls on. */
  stopPolling(vcpu: Vcpu, now: Instant): void;
  /** The CPU of a vCPU has changed. */
  placed(vcpu: Vcpu): void;
  rekey(vcpu: Vcpu): void;
}

export class Scheduler {
  settings: SchedulerSettings;
  /** By CPU; null where the CPU is no shared one. */
  readonly queues: (RunQueue | null)[];
  private readonly cpus: PhysicalCpus;
  private readonly needs: SchedulerNeeds;

  constructor(needs: SchedulerNeeds) {
    this.needs = needs;
    this.settings = needs.settings;
    this.cpus = needs.cpus;
    this.queues = Array.from({ length: needs.cpus.count }, () => null);
  }

  /** single_task_running: nothing else is runnable on its CPU. */
  alone(vcpu: Vcpu): boolean {
    return vcpu.task === null || this.queueOf(vcpu).waiting.length === 0;
  }

  /** The thread stops being runnable, wherever it stands. */
  withdraw(vcpu: Vcpu, now: Instant): void {
    const task = vcpu.task as VcpuTask;
    const queue = this.queueOf(vcpu);
    vcpu.needResched = false;
    if (queue.remove(task)) this.cpus.crowd(queue.cpu, queue.runnable, now);
    if (queue.curr !== task) return;
    queue.account(now);
    this.settings.fair.sleeps(queue, task);
    this.release(queue, task, now);
    this.runNext(queue, now);
  }

  /** When an idle CPU hears of a thread that it is to run. */
  toldAt(local: boolean, now: Instant): number {
    const { wakeLocal, wakeRemote, ipiFlight } = this.settings;
    return now + (local ? wakeLocal : wakeRemote + ipiFlight);
  }

  /** kvm_sched_in's part of a wake-up; returns its cycles. */
  load(vcpu: Vcpu, now: Instant): number {
    return this.needs.switching.load(vcpu, this.queueOf(vcpu), now);
  }

  /** try_to_wake_up of a blocked vCPU's thread; `local` is the CPU of the interrupt that wakes it, -1 for another's. */
  wakeUp(vcpu: Vcpu, local: number, now: Instant): void {
    const task = vcpu.task as VcpuTask;
    const cpu = selectCpu(task, this.queues, this.cpus.count);
    if (cpu !== vcpu.cpu) this.move(task, cpu);
    const queue = this.queueOf(vcpu);
    queue.account(now);
    this.settings.fair.placeWoken(queue, task);
    if (queue.curr === null) {
      this.claim(queue, task, this.toldAt(cpu === local, now), now);
      return;
    }
    queue.waiting.push(task);
    this.needs.switching.queue(vcpu, now);
    this.needs.rekey(vcpu);
    this.joined(queue, task, cpu === local, now);
  }

  /** schedule(), the present thread going to sleep. */
  block(vcpu: Vcpu, now: Instant): void {
    const task = vcpu.task as VcpuTask;
    const queue = this.queueOf(vcpu);
    queue.account(now);
    this.settings.fair.sleeps(queue, task);
    vcpu.needResched = false;
    this.release(queue, task, now);
    this.runNext(queue, now);
  }

  /** schedule() at the end of an exit that found need_resched; true when another thread takes the CPU. */
  reschedule(vcpu: Vcpu, now: Instant): boolean {
    const queue = this.queueOf(vcpu);
    vcpu.needResched = false;
    queue.account(now);
    const next = this.settings.fair.pick(queue);
    if (next === null || next === vcpu.task) {
      queue.skip = null;
      return false;
    }
    queue.chosen = next;
    this.needs.switching.leave(vcpu, now);
    return true;
  }

  /** The thread that gave way has left its CPU. */
  left(vcpu: Vcpu, now: Instant): void {
    const task = vcpu.task as VcpuTask;
    const queue = this.queueOf(vcpu);
    queue.account(now);
    this.needs.switching.left(vcpu, now);
    const { chosen } = queue;
    this.release(queue, task, now);
    queue.waiting.push(task);
    this.runNext(queue, now, chosen);
  }

  /** The thread that was given an idle CPU runs there from now on. */
  running(vcpu: Vcpu, now: Instant): void {
    this.run(this.queueOf(vcpu), vcpu.task as VcpuTask, now);
  }

  /** scheduler_tick, in the tick's interrupt. */
  tick(cpu: number, now: Instant): void {
    const queue = this.queues[cpu] ?? null;
    if (queue === null || queue.curr === null) return;
    queue.account(now);
    if (queue.waiting.length > 0) {
      if (this.settings.fair.tick(queue)) this.resched(queue.curr.thread, true, now);
      this.kickIdle(queue, now);
    }
    this.balance(queue, queue.curr, now);
  }

  /** yield_to: the target runs before the others of its queue, and the caller gives way; 1 when so, 0 when it cannot, -1 when it makes no sense. */
  yieldTo(vcpu: Vcpu, target: Vcpu, now: Instant): number {
    if (vcpu.task === null || target.task === null) return 0;
    const [mine, theirs] = [this.queueOf(vcpu), this.queueOf(target)];
    if (mine.runnable === 1 && theirs.runnable === 1) return -1;
    if (theirs.curr === null || !theirs.waiting.includes(target.task)) return 0;
    theirs.next = target.task;
    mine.account(now);
    if (mine.runnable > 1) this.settings.fair.yields(mine);
    if (mine !== theirs) this.resched(theirs.curr.thread, false, now);
    vcpu.needResched = true;
    return 1;
  }

  /** resched_curr: the thread is to give way; `local`: this CPU's own interrupt says so. */
  resched(vcpu: Vcpu, local: boolean, now: Instant): void {
    if (vcpu.needResched || vcpu.state >= STATE.blocked) return;
    vcpu.needResched = true;
    if (local) return;
    if (vcpu.state === STATE.guest) this.needs.interruptGuest(vcpu, now);
    else this.cpus.interrupt(vcpu.cpu, now, this.settings.rescheduleCycles);
  }

  /** A thread joined the queue of a busy CPU. */
  joined(queue: RunQueue, task: VcpuTask, local: boolean, now: Instant): void {
    const curr = queue.curr as VcpuTask;
    this.cpus.crowd(queue.cpu, queue.runnable, now);
    if (curr.thread.state === STATE.poll) this.needs.stopPolling(curr.thread, now);
    else if (this.settings.fair.preempts(queue, task)) this.resched(curr.thread, local, now);
  }

  /** Gives an idle CPU to a runnable thread, which runs there once the CPU is awake. */
  claim(queue: RunQueue, task: VcpuTask, toldAt: number, now: Instant): void {
    const vcpu = task.thread;
    const at = toldAt + this.cpus.leaveCstate(queue.cpu, now);
    queue.curr = task;
    this.cpus.occupant[queue.cpu] = vcpu;
    if (vcpu.state === STATE.blocked) vcpu.phase = PHASE.running;
    vcpu.stepAt = Math.max(at, this.cpus.busyUntilOf(queue.cpu)) as Instant;
    this.needs.rekey(vcpu);
  }

  /** set_task_cpu: the thread, which is on no queue, belongs to another CPU. */
  move(task: VcpuTask, cpu: number): void {
    const vcpu = task.thread;
    const [from, to] = [this.queues[vcpu.cpu] ?? null, this.queues[cpu] ?? null];
    if (from !== null && to !== null) this.settings.fair.moves(from, to, task);
    vcpu.cpu = cpu;
    this.needs.placed(vcpu);
  }

  /** The CPU takes the next thread, its own or another CPU's (newidle_balance), or idles. */
  runNext(queue: RunQueue, now: Instant, chosen: VcpuTask | null = null): void {
    const next = chosen !== null && queue.waiting.includes(chosen) ? chosen : this.settings.fair.pick(queue);
    const task = next ?? this.pull(queue, now);
    if (task === null) {
      this.cpus.vacate(queue.cpu, now);
      return;
    }
    queue.remove(task);
    queue.curr = task;
    this.cpus.occupant[queue.cpu] = task.thread;
    this.cpus.crowd(queue.cpu, queue.runnable, now);
    this.run(queue, task, now);
    this.needs.rekey(task.thread);
  }

  /** Moves every remembered instant by `delta`; virtual time begins anew with it, so that it stays exact. */
  shift(delta: number, vcpus: readonly Vcpu[]): void {
    for (const queue of this.queues) {
      if (queue === null) continue;
      queue.balanceAt = (queue.balanceAt + delta) as Instant;
      queue.rebase(vcpus.flatMap(({ cpu, task }) => (cpu === queue.cpu && task !== null ? [task] : [])));
    }
  }

  private run(queue: RunQueue, task: VcpuTask, now: Instant): void {
    this.settings.fair.starts(queue, task);
    task.ran = 0;
    task.accountedTo = now;
    const vcpu = task.thread;
    if (vcpu.phase === PHASE.running) this.needs.awake(vcpu, now);
    else this.needs.switching.resume(vcpu, queue, now);
    this.cpus.resume(vcpu.cpu, now);
  }

  private release(queue: RunQueue, task: VcpuTask, now: Instant): void {
    task.accountedTo = NEVER;
    task.leftAt = now;
    queue.curr = null;
    queue.chosen = null;
  }

  /** detach_task and attach_task: a waiting thread of the busiest CPU, or null. */
  private pull(queue: RunQueue, now: Instant): VcpuTask | null {
    const found = busiestFor(queue.cpu, this.queues);
    if (found === null) return null;
    found.queue.remove(found.task);
    this.cpus.crowd(found.queue.cpu, found.queue.runnable, now);
    this.move(found.task, queue.cpu);
    return found.task;
  }

  /** nohz_balancer_kick: the tick of a CPU with threads to spare wakes an idle one that may take one. */
  private kickIdle(queue: RunQueue, now: Instant): void {
    const found = idleFor(queue, this.queues);
    if (found === null) return;
    queue.remove(found.task);
    this.cpus.crowd(queue.cpu, queue.runnable, now);
    this.move(found.task, found.idle.cpu);
    this.claim(found.idle, found.task, this.toldAt(false, now), now);
  }

  /**
   * load_balance of a busy CPU: it takes a thread over from one that has two more; with one more,
   * which moving only turns round, at every second look (nr_balance_failed), so that in the long run all get the same.
   */
  private balance(queue: RunQueue, curr: VcpuTask, now: Instant): void {
    if (now < queue.balanceAt) return;
    queue.balanceAt = (now + this.settings.balanceCycles * curr.allowed.cpus.length) as Instant;
    const found = busiestFor(queue.cpu, this.queues);
    const excess = found === null ? 0 : found.queue.runnable - queue.runnable;
    if (excess < 1 || (excess === 1 && ++queue.balanceFailed < 2)) return;
    queue.balanceFailed = 0;
    const task = this.pull(queue, now) as VcpuTask;
    queue.waiting.push(task);
    this.joined(queue, task, true, now);
  }

  private queueOf(vcpu: Vcpu): RunQueue {
    return this.queues[vcpu.cpu] as RunQueue;
  }
}
