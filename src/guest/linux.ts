/**
 * A vCPU of a Linux guest with its application: work that requests, timers and messages ask for,
 * the wake-up of threads on other vCPUs by reschedule IPI, and answers to a virtio device.
 *
 *   idle ⇄ switch to a thread → work → wake another vCPU (ICR) → notify the device → sleep
 *
 * Linux: kernel/sched/core.c __schedule, try_to_wake_up; drivers/net/virtio_net.c. Simplified: one
 * run queue entry is one piece of work; who calls a function on all other CPUs does not wait for them.
 */
import { NEVER, type Instant } from "../lib/units.ts";
import { GUEST_PATHS } from "./guest-paths.ts";
import type { IpiSend } from "./ipi-method.ts";
import { AT, LinuxCpu } from "./linux-cpu.ts";
import { CALL_FUNCTION, LinuxGuest, type LinuxGuestSettings, type RunQueue } from "./linux-guest.ts";
import { OP } from "./program.ts";
import type { SpinLock } from "./spin-lock.ts";
import { VcpuDraws } from "./vcpu-draws.ts";

/** A thread came back to user space at `now`; `due` is when it wanted to wake, or NEVER if it slept without a time. */
export type ThreadObserver = (now: Instant, due: Instant) => void;

export class LinuxProgram extends LinuxCpu implements RunQueue {
  /** What the application's threads tell when they run, for a test that reads the clock in them. */
  observer: ThreadObserver | null = null;

  /** Work left of the current piece, and the distance to the next background operation. */
  private workLeft = -0;
  private workSize = -0;
  private toBackground = Infinity;
  /** Requests in the device's ring. */
  private ring = 0;
  /** The device has raised its interrupt and is not served yet. */
  private raised = false;
  /** Somebody asked for the piece of work under way; otherwise a busy thread goes on. */
  private asked = false;
  /** CPU whose thread is being woken. */
  private wakes = 0;
  /** How it interrupts all other CPUs, and how far it has come. */
  private readonly sends: readonly IpiSend[];
  private sent = 0;
  private readonly index: number;
  /** A thread that never sleeps runs here. */
  private readonly busy: boolean;

  constructor(guest: LinuxGuest, index: number, draws: VcpuDraws, boot: Instant) {
    super(guest, index, draws, boot);
    this.index = index;
    this.sends = guest.sendsOf(index);
    this.busy = guest.isBusy(index);
    this.workingSetMib = guest.workingSetMib;
    this.ready = guest.messagesPerVcpu;
    this.toBackground = guest.backgroundGap(draws);
    this.arrivalAt = guest.arrivalAfter(boot, boot, draws);
  }

  override arrive(now: Instant): boolean {
    this.arrivalAt = this.guest.arrivalAfter(now, this.bootedAt, this.draws);
    if (!this.guest.isQuiet(this.draws)) this.ring++;
    const raises = !this.raised;
    this.raised = true;
    return raises;
  }

  /** NAPI: takes what the device has put into the ring. */
  protected override fetchRequests(): number {
    const fetched = this.ring;
    this.ring = 0;
    this.raised = false;
    this.ready += fetched;
    return GUEST_PATHS.device + fetched * GUEST_PATHS.request;
  }

  protected override nextInMain(now: Instant): void {
    switch (this.at) {
      case AT.boot:
        this.at = AT.decide;
        if (!this.program(0)) this.decide();
        return;
      case AT.decide:
        this.decide();
        return;
      case AT.switched:
        this.startWork(now);
        return;
      case AT.work:
        this.finishStretch();
        return;
      case AT.calling:
        this.sendNext(0);
        return;
      case AT.woke:
        this.at = AT.rung;
        if (this.asked && this.guest.ringsDoorbell(this.draws)) this.run(GUEST_PATHS.send, OP.doorbell);
        else this.endOfWork(now);
        return;
      case AT.rung:
        this.endOfWork(now);
        return;
      case AT.spinning:
        this.lockAndWake();
        return;
      case AT.locked:
        this.unlock();
        return;
      default:
        this.nextInIdle(now);
    }
  }

  /** The scheduler: work if there is some, else the idle loop. */
  private decide(): void {
    this.idle = false;
    if (this.ready > 0 || this.busy) {
      this.at = AT.switched;
      this.run(GUEST_PATHS.switchTo, OP.none);
    } else this.goIdle();
  }

  private startWork(now: Instant): void {
    this.asked = this.ready > 0;
    if (this.asked) this.ready--;
    if (this.observer !== null) this.observer(now, this.due);
    this.workSize = this.guest.workSize(this.draws);
    this.workLeft = this.workSize;
    this.stretch();
  }

  /** Computes up to the end of the work or to the next background operation. */
  private stretch(): void {
    this.at = AT.work;
    if (this.toBackground < this.workLeft) {
      const distance = this.toBackground;
      this.workLeft -= distance;
      this.toBackground = this.guest.backgroundGap(this.draws);
      const op = this.guest.backgroundOp(this.draws);
      if (op === CALL_FUNCTION) this.callOthers(distance);
      else this.run(distance, op);
    } else {
      this.toBackground -= this.workLeft;
      const rest = this.workLeft;
      this.workLeft = 0;
      this.run(rest, OP.none);
    }
  }

  /** smp_call_function_many: the function is queued for all other CPUs, then they are interrupted. */
  private callOthers(distance: number): void {
    this.at = AT.calling;
    this.sent = 0;
    this.sendNext(distance + this.guest.callCycles);
  }

  private sendNext(cycles: number): void {
    const send = this.sends[this.sent++];
    if (send === undefined) this.stretch();
    else this.run(cycles, send.op, send.operand);
  }

  private finishStretch(): void {
    if (this.workLeft > 0) {
      this.stretch();
      return;
    }
    this.workCycles += this.workSize;
    this.at = AT.woke;
    this.wakeRemote();
  }

  /** try_to_wake_up on another vCPU: its run queue grows; an idle one, or one to be preempted, needs an IPI. */
  private wakeRemote(): void {
    const target = this.guest.remoteTarget(this.index, this.draws);
    if (target < 0) {
      this.run(0, OP.none);
      return;
    }
    this.wakes = target;
    if (this.mayBePreempted && target !== this.index) this.lockAndWake();
    else this.wake(GUEST_PATHS.wake);
  }

  /** The other CPU's run queue is locked, which takes as long as another one has it. */
  private lockAndWake(): void {
    if ((this.guest.locks[this.wakes] as SpinLock).take(this.index)) {
      this.at = AT.locked;
      this.run(GUEST_PATHS.wake, OP.none);
      return;
    }
    this.at = AT.spinning;
    this.run(0, OP.spin);
  }

  private unlock(): void {
    for (const cpu of (this.guest.locks[this.wakes] as SpinLock).release()) this.stored(cpu);
    this.at = AT.woke;
    this.wake(0);
  }

  private wake(cycles: number): void {
    const sibling = this.guest.runQueues[this.wakes] as RunQueue;
    sibling.ready++;
    if (sibling.polling) this.stored(this.wakes);
    const interrupts = this.wakes !== this.index && (sibling.idle || this.guest.preempts(this.draws));
    this.run(cycles, interrupts ? this.guest.ipiOp : OP.none, this.wakes);
  }

  /** The lock that it spins for may be free, or its idle loop has found work. */
  override memoryChanged(): boolean {
    if (this.polling && !this.inHandler && this.ready > 0) {
      this.run(GUEST_PATHS.lockSeen, OP.none);
      return true;
    }
    if (this.at !== AT.spinning || this.inHandler || !(this.guest.locks[this.wakes] as SpinLock).isFree) return false;
    this.run(GUEST_PATHS.lockSeen, OP.none);
    return true;
  }

  override get inKernel(): boolean {
    return this.at !== AT.work || this.inHandler;
  }

  /** A periodic thread sleeps until its next time (clock_nanosleep); then whoever is ready runs. */
  private endOfWork(now: Instant): void {
    const { guest, timers } = this;
    this.at = AT.decide;
    if (guest.clock.intervalCycles > 0 && timers.sleeper === NEVER) {
      timers.sleeper = guest.intervalAfter(this.due, now);
      if (this.program(GUEST_PATHS.sleep)) return;
    }
    this.decide();
  }
}

/** Boots a Linux guest: one program per vCPU. */
export function bootLinux(settings: LinuxGuestSettings): LinuxProgram[] {
  const guest = new LinuxGuest(settings);
  const programs = Array.from(
    { length: settings.vcpus },
    (_, index) => new LinuxProgram(guest, index, new VcpuDraws(settings.seed, `${settings.name}/${index}`), settings.boot),
  );
  guest.runQueues.push(...programs);
  return programs;
}
