/**
 * A vCPU of a Linux guest: the tick, the tickless idle loop, timers, the wake-up of threads on
 * other vCPUs by reschedule IPI, interrupts of a virtio device, and the application's work.
 *
 *   work ⇄ idle: enter (stop the tick: TSC_DEADLINE) → HLT → leave (restart the tick: TSC_DEADLINE)
 *   interrupt: EOI → timer: run what is due, reprogram (TSC_DEADLINE) | device: fetch requests
 *
 * Linux: kernel/sched/idle.c do_idle, kernel/time/tick-sched.c tick_nohz_stop_sched_tick and
 * tick_nohz_restart_sched_tick, kernel/time/hrtimer.c hrtimer_interrupt, arch/x86 apic.c
 * lapic_next_deadline. Simplified: one run queue entry is one piece of work, softirqs run in the
 * handler, interrupts do not nest (as in Linux), and a deadline that did not change is not
 * written again.
 */
import { NEVER, type Instant } from "../lib/units.ts";
import { OP, Program, VECTOR, type Vector } from "./program.ts";
import { GUEST_PATHS } from "./guest-paths.ts";
import { LinuxGuest, type LinuxGuestSettings, type RunQueue } from "./linux-guest.ts";
import { VcpuDraws } from "./vcpu-draws.ts";

/** Where the vCPU is in its own code. */
const AT = { boot: 0, workEnd: 1, workOn: 2, wake: 3, doorbell: 4, idle: 5, stopTick: 6, halt: 7, woken: 8, restarted: 9 } as const;
/** Where an interrupt handler is; 0 outside. */
const IN = { none: 0, acked: 1, reprogram: 2, leave: 3 } as const;

export class LinuxProgram extends Program implements RunQueue {
  /** Threads ready to run here: written by other vCPUs of the guest, like rq->nr_running. */
  ready = 0;
  /** In the idle loop without polling: a remote wake-up needs an IPI. */
  idle = false;

  private at: number = AT.boot;
  private handler: number = IN.none;
  private vector: Vector = VECTOR.timer;
  /** Deadline that the clock event device was programmed with; 0 is none. */
  private programmed = 0;
  private tickStopped = false;
  private nextTick: Instant;
  private nextSoft: Instant;
  private nextInterval: Instant;
  /** Work left of the current piece, and the distance to the next background operation. */
  private workLeft = 0;
  private workSize = 0;
  private toBackground: number;
  /** Requests in the device's ring. */
  private ring = 0;

  private readonly guest: LinuxGuest;
  private readonly index: number;
  private readonly draws: VcpuDraws;

  constructor(guest: LinuxGuest, index: number, draws: VcpuDraws, boot: Instant) {
    super();
    this.guest = guest;
    this.index = index;
    this.draws = draws;
    this.ready = guest.messagesPerVcpu;
    this.nextTick = (boot + guest.tickPhase + guest.tickCycles) as Instant;
    this.nextSoft = guest.softAfter(boot, draws);
    this.nextInterval = guest.intervalCycles === 0 ? NEVER : ((boot + guest.tickPhase + guest.intervalCycles) as Instant);
    this.toBackground = guest.backgroundGap(draws);
    this.arrivalAt = guest.arrivalAfter(boot, draws);
  }

  override next(now: Instant): void {
    if (this.handler !== IN.none) this.nextInHandler(now);
    else this.nextInMain(now);
  }

  override arrive(now: Instant): boolean {
    this.arrivalAt = this.guest.arrivalAfter(now, this.draws);
    return this.ring++ === 0;
  }

  override shift(delta: number): void {
    this.shiftOperands(delta);
    this.nextTick = (this.nextTick + delta) as Instant;
    this.nextSoft = (this.nextSoft + delta) as Instant;
    this.nextInterval = (this.nextInterval + delta) as Instant;
    this.arrivalAt = (this.arrivalAt + delta) as Instant;
    if (this.programmed !== 0) this.programmed += delta;
  }

  protected override startHandler(vector: Vector): void {
    this.vector = vector;
    this.handler = IN.acked;
    // The clock event device is one-shot: once it fired, nothing is programmed.
    if (vector === VECTOR.timer) this.programmed = 0;
    this.run(GUEST_PATHS.interruptEntry, OP.eoi);
  }

  private nextInHandler(now: Instant): void {
    switch (this.handler) {
      case IN.acked:
        this.handler = this.vector === VECTOR.timer ? IN.reprogram : IN.leave;
        if (this.vector === VECTOR.timer) this.run(this.runTimers(now), OP.none);
        else if (this.vector === VECTOR.device) this.run(this.fetchRequests(), OP.none);
        else this.run(GUEST_PATHS.reschedule, OP.none);
        return;
      case IN.reprogram:
        this.handler = IN.leave;
        if (!this.program(now)) this.next(now);
        return;
      default:
        this.handler = IN.none;
        this.endOfHandler();
    }
  }

  /** hrtimer_interrupt: runs what is due; returns what it takes. */
  private runTimers(now: Instant): number {
    const { guest } = this;
    let cost = GUEST_PATHS.timerEntry;
    if (!this.tickStopped && this.nextTick <= now) {
      cost += GUEST_PATHS.tick;
      this.nextTick = guest.tickAfter(this.nextTick, now);
    }
    if (this.nextSoft <= now) {
      cost += GUEST_PATHS.softTimer;
      this.nextSoft = guest.softAfter(now, this.draws);
    }
    if (this.nextInterval <= now) {
      this.nextInterval = (this.nextInterval +
        guest.intervalCycles * Math.ceil((now - this.nextInterval + 1) / guest.intervalCycles)) as Instant;
      this.ready++;
    }
    return cost;
  }

  /** NAPI: takes what the device has put into the ring. */
  private fetchRequests(): number {
    const fetched = this.ring;
    this.ring = 0;
    this.ready += fetched;
    return GUEST_PATHS.device + fetched * GUEST_PATHS.request;
  }

  /** Programs the next clock event; false when the device already stands there. */
  private program(now: Instant): boolean {
    const wanted = this.nextEvent(now);
    if (wanted === this.programmed) return false;
    this.programmed = wanted;
    this.run(GUEST_PATHS.reprogram, OP.tscDeadline, wanted);
    return true;
  }

  private nextEvent(now: Instant): number {
    const soft = this.tickStopped ? this.guest.tickAfter(this.nextTick, this.nextSoft) : NEVER;
    const tick = this.tickStopped ? Math.max(soft, now) : this.nextTick;
    const wanted = Math.min(tick, this.nextInterval);
    return wanted === Infinity ? 0 : wanted;
  }

  private nextInMain(now: Instant): void {
    switch (this.at) {
      case AT.boot:
        this.at = AT.workEnd;
        if (!this.program(now)) this.next(now);
        return;
      case AT.workOn:
        this.finishStretch();
        return;
      case AT.wake:
        this.at = AT.doorbell;
        this.wakeRemote();
        return;
      case AT.doorbell:
        this.at = AT.workEnd;
        this.run(GUEST_PATHS.send, this.guest.ringsDoorbell(this.draws) ? OP.doorbell : OP.none);
        return;
      case AT.workEnd:
        if (this.ready > 0 || this.guest.polls) this.startWork();
        else this.enterIdle();
        return;
      default:
        this.nextInIdle(now);
    }
  }

  private nextInIdle(now: Instant): void {
    switch (this.at) {
      case AT.idle:
        this.at = AT.stopTick;
        this.tickStopped = this.guest.nohz;
        if (!this.program(now)) this.next(now);
        return;
      case AT.stopTick:
        this.at = AT.halt;
        if (this.ready > 0) this.next(now);
        else this.run(GUEST_PATHS.haltEntry, OP.halt);
        return;
      case AT.halt:
        // Awake again, and the interrupt that woke it has been handled.
        this.interruptible = true;
        this.at = AT.woken;
        this.run(GUEST_PATHS.idleLoop, OP.none);
        return;
      case AT.woken:
        if (this.ready === 0) {
          this.interruptible = false;
          this.at = AT.idle;
          this.run(GUEST_PATHS.idleLoop, OP.none);
          return;
        }
        this.at = AT.restarted;
        this.restartTick(now);
        return;
      default:
        this.idle = false;
        this.at = AT.workEnd;
        this.next(now);
    }
  }

  private startWork(): void {
    if (!this.guest.polls) this.ready--;
    this.workSize = this.guest.workSize(this.draws);
    this.workLeft = this.workSize;
    this.stretch();
  }

  /** Computes up to the end of the work or to the next background operation. */
  private stretch(): void {
    this.at = AT.workOn;
    if (this.toBackground < this.workLeft) {
      const distance = this.toBackground;
      this.workLeft -= distance;
      this.toBackground = this.guest.backgroundGap(this.draws);
      this.run(distance, this.guest.backgroundOp(this.draws));
    } else {
      this.toBackground -= this.workLeft;
      const rest = this.workLeft;
      this.workLeft = 0;
      this.run(rest, OP.none);
    }
  }

  private finishStretch(): void {
    if (this.workLeft > 0) {
      this.stretch();
      return;
    }
    this.workCycles += this.workSize;
    this.at = AT.wake;
    this.run(0, OP.none);
  }

  /** try_to_wake_up on another vCPU: its run queue grows, an idle one needs an IPI. */
  private wakeRemote(): void {
    const target = this.guest.remoteTarget(this.index, this.draws);
    if (target < 0) {
      this.run(0, OP.none);
      return;
    }
    const sibling = this.guest.runQueues[target] as RunQueue;
    sibling.ready++;
    this.run(GUEST_PATHS.wake, sibling.idle && target !== this.index ? OP.ipi : OP.none, target);
  }

  private enterIdle(): void {
    this.idle = true;
    this.interruptible = false;
    this.at = AT.idle;
    this.run(GUEST_PATHS.idleLoop, OP.none);
  }

  /** tick_nohz_idle_exit: the next tick is programmed again. */
  private restartTick(now: Instant): void {
    this.interruptible = true;
    if (this.tickStopped) {
      this.tickStopped = false;
      this.nextTick = this.guest.tickAfter(this.nextTick, now);
    }
    if (!this.program(now)) this.next(now);
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
