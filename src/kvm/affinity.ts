/**
 * Gives vCPUs their CPUs when VMs come, go or are moved: who has a CPU of its own goes there, who
 * shares stays where it runs as long as it may. A vCPU that finds all its CPUs taken is preempted on
 * the spot and waits in a run queue. The same wishes again change nothing.
 *
 * Linux kernel/sched/core.c sched_setaffinity, wake_up_new_task. Simplified: a running thread is on its
 * new CPU at once, without the stopper thread (migration_cpu_stop).
 */
import { NEVER, type Instant } from "../lib/units.ts";
import type { LapicTimer } from "./lapic-timer.ts";
import type { PhysicalCpus } from "./physical-cpus.ts";
import { RunQueue, type VcpuTask } from "./run-queue.ts";
import type { Scheduler } from "./scheduler.ts";
import { Task, type AllowedCpus } from "./task.ts";
import { PHASE, STATE, type Vcpu } from "./vcpu.ts";
import type { Vm } from "./vm.ts";

export interface AffinityNeeds {
  readonly scheduler: Scheduler;
  readonly cpus: PhysicalCpus;
  readonly timer: LapicTimer;
  /** By CPU: in no scheduling domain. */
  readonly noDomain: readonly boolean[];
  /** Takes a running vCPU off its CPU: from here on it is runnable. */
  preempt(vcpu: Vcpu, now: Instant): void;
}

export class Affinity {
  private readonly needs: AffinityNeeds;
  private readonly occupants: (Vcpu | null)[];
  private readonly now: Instant;
  private readonly fresh = new Set<VcpuTask>();

  constructor(needs: AffinityNeeds, now: Instant) {
    this.needs = needs;
    this.now = now;
    this.occupants = Array.from({ length: needs.cpus.count }, () => null);
  }

  /** Places the vCPUs of all VMs there are. */
  apply(vms: readonly Vm[]): void {
    const pinned = vms.filter(({ guest }) => guest.sharedCpus === null);
    const sharing = vms.filter(({ guest }) => guest.sharedCpus !== null);
    const shared = new Set(sharing.flatMap(({ guest }) => guest.sharedCpus ?? []));
    for (const cpu of shared) this.queues[cpu] ??= new RunQueue(cpu);
    this.forgetOthers(new Set(sharing.flatMap(({ vcpus }) => vcpus)));
    for (const { guest, vcpus } of pinned) vcpus.forEach((vcpu, number) => this.pin(vcpu, guest.cpus[number] as number));
    const tasks = sharing.flatMap((vm) => this.tasksOf(vm));
    const displaced = tasks.filter((task) => isOnCpu(task.thread) && !this.stays(task));
    for (const task of displaced) this.findRoom(task);
    for (const task of tasks) this.settle(task);
    this.needs.cpus.place(this.occupants, this.now);
    for (const { vcpus } of pinned) for (const vcpu of vcpus) if (vcpu.state === STATE.steal && !isOnCpu(vcpu)) this.start(vcpu);
    this.queues.forEach((queue, cpu) => {
      if (queue !== null && shared.has(cpu)) this.fill(queue);
      else this.queues[cpu] = null;
    });
  }

  private get queues(): (RunQueue | null)[] {
    return this.needs.scheduler.queues;
  }

  /** Threads of VMs that are gone, or that have CPUs of their own now, leave the queues. */
  private forgetOthers(sharing: ReadonlySet<Vcpu>): void {
    for (const queue of this.queues) {
      if (queue === null) continue;
      for (const task of queue.waiting.filter(({ thread }) => !sharing.has(thread))) queue.remove(task);
      const { curr } = queue;
      if (curr === null || sharing.has(curr.thread)) continue;
      queue.forget(curr);
      queue.curr = null;
    }
  }

  private pin(vcpu: Vcpu, cpu: number): void {
    if (vcpu.task !== null && vcpu.phase === PHASE.leaving) vcpu.phase = PHASE.end;
    vcpu.task = null;
    vcpu.needResched = false;
    if (vcpu.state !== STATE.paused) this.occupants[cpu] = vcpu;
    if (vcpu.cpu === cpu) return;
    vcpu.cpu = cpu;
    this.needs.timer.moved(vcpu, this.now);
  }

  /** A vCPU that was preempted gets a CPU of its own: it runs once that is awake. */
  private start(vcpu: Vcpu): void {
    const { cpus, scheduler } = this.needs;
    const at = scheduler.toldAt(false, this.now) + cpus.leaveCstate(vcpu.cpu, this.now);
    vcpu.stepAt = Math.max(at, cpus.busyUntilOf(vcpu.cpu)) as Instant;
  }

  private tasksOf({ guest, vcpus }: Vm): VcpuTask[] {
    const allowed = this.allowedCpus(guest.sharedCpus ?? []);
    return vcpus.map((vcpu) => {
      if (vcpu.task === null) {
        vcpu.task = new Task(vcpu, allowed);
        this.fresh.add(vcpu.task);
      }
      vcpu.task.allowed = allowed;
      return vcpu.task;
    });
  }

  private allowedCpus(cpus: readonly number[]): AllowedCpus {
    const has = Array.from({ length: this.needs.cpus.count }, (_, cpu) => cpus.includes(cpu));
    return { cpus, has, balanced: !cpus.some((cpu) => this.needs.noDomain[cpu] === true) };
  }

  private stays(task: VcpuTask): boolean {
    const { cpu } = task.thread;
    if (task.allowed.has[cpu] !== true || this.occupants[cpu] !== null) return false;
    this.take(task, cpu);
    return true;
  }

  /** Another CPU that is free, or else the thread has to wait for one. */
  private findRoom(task: VcpuTask): void {
    const vcpu = task.thread;
    const queue = this.queues[vcpu.cpu] ?? null;
    if (queue !== null && queue.curr === task) queue.curr = null;
    queue?.forget(task);
    task.accountedTo = NEVER;
    const free = task.allowed.cpus.find((cpu) => this.occupants[cpu] === null);
    if (free === undefined) {
      task.leftAt = this.now;
      this.needs.preempt(vcpu, this.now);
      return;
    }
    this.needs.scheduler.move(task, free);
    this.needs.timer.moved(vcpu, this.now);
    this.take(task, free);
  }

  /** The thread has the CPU, or is the one that it wakes up for. */
  private take(task: VcpuTask, cpu: number): void {
    this.occupants[cpu] = task.thread;
    const queue = this.queues[cpu] as RunQueue;
    if (queue.curr === task) return;
    this.join(queue, task);
    queue.curr = task;
    queue.raiseMinimum();
    if (task.thread.state >= STATE.blocked) return;
    this.needs.scheduler.settings.fair.starts(queue, task);
    task.accountedTo = this.now;
    task.loadedOn = cpu;
    queue.loaded = task.thread;
  }

  /** A thread that does not run: it waits, or sleeps, on a CPU that it may use. */
  private settle(task: VcpuTask): void {
    const vcpu = task.thread;
    if (isOnCpu(vcpu)) return;
    const mayStay = task.allowed.has[vcpu.cpu] === true;
    const queue = this.queues[vcpu.cpu] ?? null;
    if (vcpu.state !== STATE.steal) {
      if (!mayStay) this.needs.scheduler.move(task, task.allowed.cpus[0] as number);
      return;
    }
    if (mayStay && queue?.waiting.includes(task) === true) return;
    queue?.remove(task);
    const runnable = (cpu: number): number => (this.queues[cpu] as RunQueue).runnable;
    const cpu = task.allowed.cpus.reduce((best, one) => (runnable(one) < runnable(best) ? one : best));
    if (cpu !== vcpu.cpu) this.needs.scheduler.move(task, cpu);
    const target = this.queues[cpu] as RunQueue;
    this.join(target, task);
    target.waiting.push(task);
  }

  /** A thread that competes for the first time starts where the others are. */
  private join(queue: RunQueue, task: VcpuTask): void {
    if (this.fresh.delete(task)) this.needs.scheduler.settings.fair.placeNew(queue, task);
  }

  /** An idle CPU takes one of those that wait. */
  private fill(queue: RunQueue): void {
    const { scheduler, cpus } = this.needs;
    if (queue.curr === null) {
      const task = scheduler.settings.fair.pick(queue);
      if (task !== null) {
        queue.remove(task);
        scheduler.claim(queue, task, scheduler.toldAt(false, this.now), this.now);
      }
    }
    cpus.crowd(queue.cpu, queue.runnable, this.now);
  }
}

/** It runs, or a CPU is waking up to run it. */
const isOnCpu = (vcpu: Vcpu): boolean => vcpu.state < STATE.blocked || vcpu.stepAt !== NEVER;
