/**
 * A vCPU of a Linux guest: the tick, the tickless idle loop, timers, the wake-up of threads on
 * other vCPUs by reschedule IPI, interrupts of a virtio device, and the application's work.
 *
 *   work ⇄ idle: enter (stop the tick: TSC_DEADLINE) → HLT → leave (restart the tick: TSC_DEADLINE)
 *   interrupt: timer: run what is due, reprogram (TSC_DEADLINE) | device: fetch requests → EOI
 *
 * Linux: kernel/sched/idle.c do_idle, kernel/time/tick-sched.c tick_nohz_stop_sched_tick and
 * tick_nohz_restart_sched_tick, kernel/time/hrtimer.c hrtimer_interrupt, arch/x86 apic.c
 * lapic_next_deadline. Simplified: one run queue entry is one piece of work, softirqs run in the
 * handler, the EOI comes at the handler's end (Linux acknowledges first; interrupts are off either
 * way), and a deadline that did not change is not written again.
 */
import { NEVER, type Instant } from "../lib/units.ts";
import { OP, Program, VECTOR, type Vector } from "./program.ts";
import { GUEST_PATHS } from "./guest-paths.ts";
import { LinuxGuest, type LinuxGuestSettings, type RunQueue } from "./linux-guest.ts";
import { VcpuDraws } from "./vcpu-draws.ts";

/** Where the vCPU is in its own code. */
const AT = { boot: 0, decide: 1, work: 2, woke: 3, rung: 4, tickStopped: 5, halted: 6, tickRestarted: 7 } as const;

export class LinuxProgram extends Program implements RunQueue {
  /** Threads ready to run here: written by other vCPUs of the guest, like rq->nr_running. */
  ready = 0;
  /** In the idle loop without polling: a remote wake-up needs an IPI. */
  idle = false;

  private at: number = AT.boot;
  private inHandler = false;
  /** The handler's EOI is under way. */
  private acknowledged = false;
  /** Deadline that the clock event device was programmed with; 0 is none. */
  private programmed = -0;
  private tickStopped = false;
  private nextTick: Instant = NEVER;
  private nextSoft: Instant = NEVER;
  private nextInterval: Instant = NEVER;
  /** Work left of the current piece, and the distance to the next background operation. */
  private workLeft = -0;
  private workSize = -0;
  private toBackground = Infinity;
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
    if (this.inHandler) this.nextInHandler();
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

  protected override startHandler(vector: Vector, now: Instant): void {
    this.inHandler = true;
    const entry = GUEST_PATHS.interruptEntry;
    if (vector === VECTOR.timer) {
      // The clock event device is one-shot: once it fired, nothing is programmed.
      this.programmed = 0;
      const work = entry + this.runTimers(now);
      if (!this.program(now, work)) this.acknowledge(work);
    } else if (vector === VECTOR.device) this.acknowledge(entry + this.fetchRequests());
    else this.acknowledge(entry + GUEST_PATHS.reschedule);
  }

  /** After the timer was reprogrammed comes the EOI, after the EOI the return. */
  private nextInHandler(): void {
    if (this.acknowledged) {
      this.acknowledged = false;
      this.inHandler = false;
      this.endOfHandler();
    } else this.acknowledge(0);
  }

  private acknowledge(before: number): void {
    this.acknowledged = true;
    this.run(before, OP.eoi);
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

  /** Programs the next clock event after `before` cycles; false when the device already stands there. */
  private program(now: Instant, before: number): boolean {
    const wanted = this.nextEvent(now);
    if (wanted === this.programmed) return false;
    this.programmed = wanted;
    this.run(before + GUEST_PATHS.reprogram, OP.tscDeadline, wanted);
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
      case AT.work:
        this.finishStretch();
        return;
      case AT.woke:
        this.at = AT.rung;
        if (this.guest.ringsDoorbell(this.draws)) {
          this.run(GUEST_PATHS.send, OP.doorbell);
          return;
        }
        break;
      case AT.tickStopped:
        this.at = AT.halted;
        if (this.ready === 0) {
          this.run(GUEST_PATHS.haltEntry, OP.halt);
          return;
        }
        this.leaveIdle(now);
        return;
      case AT.halted:
        // Awake, and the interrupt that woke it has been handled.
        if (this.ready > 0) this.leaveIdle(now);
        else this.enterIdle(now);
        return;
      default:
        break;
    }
    this.decide(now);
  }

  /** The scheduler: work if there is some, else the idle loop. */
  private decide(now: Instant): void {
    this.idle = false;
    if (this.ready > 0 || this.guest.polls) {
      if (this.at === AT.boot && this.program(now, 0)) this.at = AT.decide;
      else this.startWork();
    } else this.enterIdle(now);
  }

  private startWork(): void {
    if (!this.guest.polls) this.ready--;
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
    this.at = AT.woke;
    this.wakeRemote();
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

  /** do_idle: interrupts off, the tick stops, then HLT. */
  private enterIdle(now: Instant): void {
    this.idle = true;
    this.interruptible = false;
    this.at = AT.tickStopped;
    this.tickStopped = this.guest.nohz;
    if (!this.program(now, GUEST_PATHS.idleLoop)) this.run(GUEST_PATHS.idleLoop, OP.none);
  }

  /** tick_nohz_idle_exit: the next tick is programmed again. */
  private leaveIdle(now: Instant): void {
    this.interruptible = true;
    this.at = AT.tickRestarted;
    if (this.tickStopped) {
      this.tickStopped = false;
      this.nextTick = this.guest.tickAfter(this.nextTick, now);
    }
    if (!this.program(now, GUEST_PATHS.idleLoop)) this.run(GUEST_PATHS.idleLoop, OP.none);
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
