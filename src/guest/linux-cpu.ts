/**
 * One CPU of a Linux guest kernel, without what runs on it: interrupts, the tick and the tickless
 * idle loop.
 *
 *   idle: enter (stop the tick: TSC_DEADLINE) → HLT → leave (restart the tick: TSC_DEADLINE)
 *   interrupt: EOI → timer: run what is due, reprogram (TSC_DEADLINE) | device: fetch requests
 *
 * Linux: kernel/sched/idle.c do_idle, kernel/time/tick-sched.c tick_nohz_stop_tick and
 * tick_nohz_restart, kernel/time/hrtimer.c hrtimer_interrupt, arch/x86 apic.c
 * sysvec_apic_timer_interrupt. `clock-event.ts` says what takes the place of TSC_DEADLINE.
 * Simplified: softirqs run in the handler, and a deadline that did not change is not written again.
 */
import { NEVER, type Instant } from "../lib/units.ts";
import { GUEST_PATHS } from "./guest-paths.ts";
import type { GuestTimers } from "./guest-timers.ts";
import type { GuestHaltPoll } from "./halt-poll.ts";
import type { LinuxGuest } from "./linux-guest.ts";
import { OP, Program, VECTOR, type MoveInstant, type Vector } from "./program.ts";
import type { VcpuDraws } from "./vcpu-draws.ts";

/** Where the CPU is in its own code: what it has just done. */
export const AT = {
  boot: 0,
  decide: 1,
  switched: 2,
  work: 3,
  woke: 4,
  rung: 5,
  tickMoved: 6,
  tickStopped: 7,
  halted: 8,
  tickCancelled: 9,
  spinning: 10,
  locked: 11,
  polling: 12,
  calling: 13,
} as const;

export abstract class LinuxCpu extends Program {
  /** Threads ready to run here: written by other CPUs of the guest, like rq->nr_running. */
  ready = 0;
  /** In the idle loop without polling: a remote wake-up needs an IPI. */
  idle = false;

  protected at: number = AT.boot;
  /** When the thread that slept until a time wanted to wake. */
  protected due: Instant = NEVER;
  /** When it booted. */
  protected bootedAt: Instant;
  private readonly haltPoll: GuestHaltPoll | null;
  private haltedAt: Instant = NEVER;
  protected readonly timers: GuestTimers;
  protected readonly guest: LinuxGuest;
  protected readonly draws: VcpuDraws;
  protected inHandler = false;
  /** Whose work in the handler is still to come, or 0. */
  private handling: Vector | 0 = 0;

  constructor(guest: LinuxGuest, index: number, draws: VcpuDraws, boot: Instant) {
    super();
    this.guest = guest;
    this.draws = draws;
    this.bootedAt = boot;
    this.haltPoll = guest.makeHaltPoll();
    this.timers = guest.timersAt(boot, index, draws);
  }

  /** Goes on in the kernel's or a thread's code, the step `at` being done. */
  protected abstract nextInMain(now: Instant): void;
  /** The device's handler: what it fetches becomes ready; returns what that takes. */
  protected abstract fetchRequests(): number;

  override next(now: Instant): void {
    if (this.inHandler) this.nextInHandler(now);
    else this.nextInMain(now);
  }

  override moveInstants(move: MoveInstant): void {
    this.moveOperands(move);
    this.timers.moveInstants(move);
    this.bootedAt = move(this.bootedAt);
    this.due = move(this.due);
    this.haltedAt = move(this.haltedAt);
    this.arrivalAt = move(this.arrivalAt);
  }

  override scaleTsc(cyclesPerTick: number): void {
    const { clock } = this.guest;
    clock.scaleTsc(cyclesPerTick);
    this.timers.tickCycles = clock.tickCycles;
    this.haltPoll?.measureBy(clock.cyclesPerSecond / 1e9);
  }

  /** Linux acknowledges first: apic_eoi stands at the beginning of each handler. */
  protected override startHandler(vector: Vector): void {
    this.inHandler = true;
    this.handling = vector;
    const { periodic, autoEoi } = this.guest.clockEvent;
    const timer = vector === VECTOR.timer;
    // A clock event device in one-shot mode has nothing programmed once it fired.
    if (timer && !periodic) this.timers.programmed = 0;
    this.run(GUEST_PATHS.interruptEntry, timer && autoEoi ? OP.none : this.guest.eoiOp);
  }

  /** After the EOI comes the handler's work, after that the way out. */
  private nextInHandler(now: Instant): void {
    const vector = this.handling;
    this.handling = 0;
    switch (vector) {
      case 0:
        this.leaveHandler();
        return;
      case VECTOR.timer: {
        const work = this.runTimers(now);
        if (!this.program(work)) this.run(work, OP.none);
        return;
      }
      case VECTOR.device:
        this.run(this.fetchRequests(), OP.none);
        return;
      default:
        this.run(GUEST_PATHS.reschedule, OP.none);
    }
  }

  private leaveHandler(): void {
    // tick_nohz_irq_exit: an idle CPU that nobody needs queues the stopped tick's timer again.
    const { timers } = this;
    if (timers.stopped && timers.tick === NEVER && this.ready === 0) {
      timers.queueStopped();
      if (this.program(GUEST_PATHS.moveTick)) return;
    }
    this.inHandler = false;
    this.endOfHandler();
    if (this.at === AT.spinning || this.at === AT.polling) this.memoryChanged();
  }

  /** hrtimer_interrupt: runs what is due; returns what it takes. */
  private runTimers(now: Instant): number {
    const { guest, timers } = this;
    let cost = GUEST_PATHS.timerEntry;
    if (timers.tick <= now || guest.clockEvent.periodic) {
      cost += GUEST_PATHS.tick;
      timers.forwardTick(now);
      if (timers.wheel <= now) {
        cost += GUEST_PATHS.softTimer;
        timers.wheel = guest.wheelAfter(now, this.draws);
      }
    }
    if (timers.sleeper <= now) {
      cost += GUEST_PATHS.wake;
      this.due = timers.sleeper;
      timers.sleeper = NEVER;
      this.ready++;
    }
    if (timers.watchdog <= now) {
      cost += GUEST_PATHS.watchdog;
      timers.watchdog = (now + guest.clock.watchdogCycles) as Instant;
    }
    return cost;
  }

  /** Programs the first timer's expiry after `before` cycles; false when the device already stands there. */
  protected program(before: number): boolean {
    const { guest, timers } = this;
    const { op, periodic } = guest.clockEvent;
    const wanted = periodic ? guest.clock.tickCycles : timers.first();
    if (wanted === timers.programmed || (periodic && timers.programmed !== 0)) return false;
    timers.programmed = wanted;
    this.run(before + GUEST_PATHS.reprogram, op, wanted);
    return true;
  }

  /** The steps of the idle loop. */
  protected nextInIdle(now: Instant): void {
    switch (this.at) {
      case AT.tickMoved:
        this.at = AT.tickStopped;
        if (!this.program(0)) this.halt(now);
        return;
      case AT.tickStopped:
        this.halt(now);
        return;
      case AT.tickCancelled:
        this.restartTick(now, 0);
        return;
      case AT.polling:
        if (this.ready > 0) this.leaveIdle(now);
        else this.enterIdle();
        return;
      default:
        if (this.haltPoll !== null) this.haltPoll.reflect(now - this.haltedAt);
        // Awake, and the interrupt that woke it has been handled.
        if (this.ready > 0) this.leaveIdle(now);
        else this.goIdle();
    }
  }

  /** haltpoll_select: a poll first, if it may last; a wake-up that finds the CPU polling needs no IPI (TIF_POLLING_NRFLAG). */
  protected goIdle(): void {
    if (this.haltPoll === null || this.haltPoll.limit === 0) {
      this.enterIdle();
      return;
    }
    this.idle = false;
    this.interruptible = true;
    this.at = AT.polling;
    this.run(this.haltPoll.limit, OP.none);
  }

  /** Polls for work in its idle loop. */
  get polling(): boolean {
    return this.at === AT.polling;
  }

  /** do_idle: interrupts off, the tick stops, then HLT. */
  private enterIdle(): void {
    const { timers } = this;
    this.idle = true;
    this.interruptible = false;
    this.at = AT.tickStopped;
    if (!timers.stopped && this.guest.nohz && timers.canStop()) {
      timers.stopped = true;
      const wasFirst = timers.cancelTick();
      if (this.guest.restartsTwice && wasFirst) {
        // A queued timer that is started anew is taken off first, and the device written for what is left.
        this.at = AT.tickMoved;
        const moved = this.program(GUEST_PATHS.idleLoop);
        timers.queueStopped();
        if (moved) return;
      }
      timers.queueStopped();
    }
    if (!this.program(GUEST_PATHS.idleLoop)) this.run(GUEST_PATHS.idleLoop, OP.none);
  }

  private halt(now: Instant): void {
    this.at = AT.halted;
    this.haltedAt = now;
    if (this.ready === 0) this.run(GUEST_PATHS.haltEntry, OP.halt);
    else this.leaveIdle(now);
  }

  /** tick_nohz_idle_exit: the stopped tick's timer is taken off, then the next tick queued. */
  private leaveIdle(now: Instant): void {
    this.interruptible = true;
    const { timers } = this;
    if (timers.stopped && timers.cancelTick()) {
      this.at = AT.tickCancelled;
      if (this.program(GUEST_PATHS.idleLoop)) return;
    }
    this.restartTick(now, GUEST_PATHS.idleLoop);
  }

  private restartTick(now: Instant, before: number): void {
    const { timers } = this;
    this.at = AT.decide;
    if (timers.stopped) {
      timers.stopped = false;
      timers.tick = timers.tickAfter(now);
    }
    if (!this.program(before + GUEST_PATHS.moveTick)) this.run(before, OP.none);
  }
}
