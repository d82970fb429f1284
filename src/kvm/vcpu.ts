/**
 * The state of one vCPU: what `struct kvm_vcpu` holds that matters here, the exit in flight,
 * and when something happens to it next.
 *
 *   GUEST ──exit──▶ EXIT ──entry──▶ GUEST
 *                    │ HLT, nothing pending
 *                    ├──▶ POLL ──event──▶ EXIT
 *                    ├──▶ BLOCKED ──wake, schedule in──▶ EXIT
 *                    │       └──wake, CPU taken──▶ STEAL
 *                    └──need_resched──▶ STEAL ──schedule in──▶ EXIT
 *   asked to stop, at what would be the next entry: EXIT ──▶ PAUSED
 */
import type { ExitCost } from "../cost/plan.ts";
import type { Program } from "../guest/program.ts";
import { NEVER, type Instant } from "../lib/units.ts";
import { Stream } from "../sim/random.ts";
import { ColdCaches } from "./cold-caches.ts";
import { EXIT_REASONS } from "./exits.ts";
import type { Link } from "./link.ts";
import type { VcpuWrites } from "./dirty-log.ts";
import { SpinState } from "./spin-state.ts";
import type { Task } from "./task.ts";
import type { TimerAdvance } from "./timer-advance.ts";
import { VcpuSettings } from "./vcpu-settings.ts";

/** Numbers of VCPU_STATES; a paused vCPU, not in KVM_RUN, is in none. From `blocked` on the thread is on no CPU. */
export const STATE = { guest: 0, exit: 1, poll: 2, blocked: 3, steal: 4, paused: 5 } as const;

/** What can happen to a vCPU, in the order of simultaneous events. */
export const SOURCE = { hostInterrupt: 0, notification: 1, timer: 2, arrival: 3, step: 4 } as const;

/** What the vCPU does when its own next step comes, while it is not in the guest. */
export const PHASE = {
  /** The exit's effect becomes visible (an IPI's delivery, a HLT's look for events). */
  effect: 0,
  /** The guest is entered. */
  end: 1,
  /** Polling found nothing for the whole window. */
  pollOver: 2,
  /** Polling noticed an event. */
  pollNoticed: 3,
  /** The thread has left its CPU. */
  asleep: 4,
  /** The thread runs again. */
  running: 5,
  /** The thread has left its CPU to another one. */
  leaving: 6,
  /** The thread that was preempted runs again. */
  resuming: 7,
} as const;

/** Where the guest's APIC timer lives (`struct kvm_timer`). */
export const TIMER = {
  none: 0,
  /** VMX preemption timer: counts only in the guest. */
  hv: 1,
  /** An hrtimer on `timerCpu`. */
  armed: 2,
  /** Its interrupt is being handled. */
  callback: 3,
  /** A housekeeping CPU waits for the deadline and posts the interrupt. */
  posting: 4,
  /** The CPU keeps the deadline, and delivers into the guest. */
  virtual: 5,
} as const;

/** Index of no miss. */
export const NEVER_MISSED = -1;

/**
 * Zero as a double. V8 keeps a field that first held a small integer as one, and moves every object
 * to a new shape when a larger value comes: fields that hold cycles start as doubles.
 */
const ZERO = -0;

export class Vcpu extends VcpuSettings {
  /** Number on the host: the order of simultaneous events. */
  index = 0;
  /** Physical CPU that it runs on, or ran on last. */
  cpu: number;
  readonly program: Program;
  /** The vCPUs of its VM, itself included, by their number in it. */
  siblings: readonly Vcpu[] = [];
  /** Its thread, if that competes with others for CPUs; null with a CPU of its own. */
  task: Task<Vcpu> | null = null;
  readonly spin = new SpinState();
  readonly caches: ColdCaches;
  /** TIF_NEED_RESCHED: its thread is to give way. */
  needResched = false;
  /** Where its device's packets go, when they stay on the host. */
  link: Link<Vcpu> | null = null;

  state: number = STATE.guest;
  since: Instant = NEVER;
  /** HLT or MWAIT executed without an exit: the core sleeps inside the guest. */
  haltedInGuest = false;
  /** A signal waits for it to leave KVM_RUN: what happens instead of the next entry. */
  stop: ((now: Instant) => void) | null = null;

  // When something happens to it next.
  source: number = SOURCE.step;
  hostInterruptAt: Instant = NEVER;
  notifyAt: Instant = NEVER;
  timerAt: Instant = NEVER;
  stepAt: Instant = NEVER;

  /** The notification on its way is a kick (an exit), not a posted interrupt. */
  notifyIsKick = false;
  /** Posted-interrupt requests, and the virtual IRR. */
  pir = 0;
  irr = 0;
  /** xAPIC without APICv: the ICR's upper half was written, the lower one comes next. */
  destinationWritten = false;
  /** A vector waits for the guest to take interrupts (APICv off). */
  windowWanted = false;
  /** KVM_PV_EOI_ENABLED: the next EOI clears this bit in memory instead of exiting. */
  pvEoiAsked = false;
  /** When the reschedule IPI that is pending was sent. */
  ipiSentAt: Instant = NEVER;
  timer: number = TIMER.none;
  deadline: Instant = NEVER;
  /** Armed by a deadline (TSC_DEADLINE), which KVM may fire early to wait; or by a count, with a period in periodic mode, else 0. */
  deadlineMode = true;
  period = ZERO;
  timerCpu = 0;
  hvTimerBeforeBlock = false;
  /** apic->lapic_timer.pending. */
  timerPending = false;
  /** expired_tscdeadline, or NEVER: the entry waits for it. */
  expiredDeadline: Instant = NEVER;
  /** Deadline of the timer interrupt that is pending, for its latency. */
  lateFor: Instant = NEVER;
  advance: TimerAdvance;
  haltPollNs = ZERO;
  haltStart: Instant = NEVER;
  /** When an event reached the core that sleeps in the guest, and when the core is out of its C-state. */
  wokenAt: Instant = NEVER;
  awakeAt: Instant = NEVER;
  /** Cycles that its core has slept inside the guest, in complete stretches. */
  sleptInGuest = ZERO;
  wakeRequested = false;
  /** Its writes, while the memory of its VM is watched. */
  writes: VcpuWrites | null = null;
  /** When its thread went to sleep last. */
  blockedAt: Instant = NEVER;
  /** Another thread wants the CPU that it polls on. */
  pollGivenUp = false;

  // The exit in flight.
  kind = 0;
  phase: number = PHASE.end;
  exitedAt: Instant = NEVER;
  cost: ExitCost | null = null;
  /** The costs by kind that it began with: what it costs should its kind change on the way. */
  exitCosts: readonly ExitCost[] = [];
  elapsed = ZERO;
  afterEffect = ZERO;
  interruptsOnAt: Instant = NEVER;
  interruptsDoneAt: Instant = NEVER;
  miss = -1;
  /** Whom its IPI goes to, and how many of them it has reached. */
  targets: readonly Vcpu[] = [];
  reached = 0;
  noise = ZERO;
  /** An IBPB ran since the last exit began: host and guest code find their branches unpredicted. */
  coldPredictors = false;
  /** Cycles of guest code that have yet to run with unpredicted branches. */
  refillLeft = ZERO;
  flush = false;
  leavesLoop = false;
  /** Where the exit goes on after its thread was off its CPU, and how far that was from its step. */
  heldPhase: number = PHASE.end;
  heldCycles = ZERO;
  /** Some of those below is not zero. */
  hasExtras = false;
  waitCycles = ZERO;
  wakeCycles = ZERO;
  handlerCycles = ZERO;
  loopCycles = ZERO;
  interruptCycles = ZERO;
  smiCycles = ZERO;
  /** Part of them that was handled before KVM's exit handler was called. */
  earlyInterruptCycles = ZERO;
  /** Indirect branch predictor barriers of its loads onto a CPU, the one at the beginning of this stretch apart. */
  barrierCycles = ZERO;
  barrierNow = ZERO;
  /** What of a conditional L1D flush had passed when its thread left its CPU. */
  flushHeld = ZERO;
  /** Host interrupts that wait for the next VM entry, which they end at once. */
  pendingInterruptCycles = ZERO;

  /** One stream of noise per exit reason, so that exits of different kinds do not mix. */
  readonly noiseDraws: readonly Stream[];

  constructor(settings: {
    name: string;
    seed: number;
    index: number;
    cpu: number;
    program: Program;
    advance: TimerAdvance;
    boot: Instant;
  }) {
    super();
    this.index = settings.index;
    this.cpu = settings.cpu;
    this.program = settings.program;
    this.caches = new ColdCaches(settings.program.workingSetMib);
    this.advance = settings.advance;
    this.since = settings.boot;
    this.noiseDraws = EXIT_REASONS.map((reason) => new Stream(settings.seed, `${settings.name}/noise/${reason}`));
  }

  /** When the next thing happens to this vCPU; `source` is set to what it is. */
  nextAt(): number {
    let at: number = this.stepAt;
    let source: number = SOURCE.step;
    // Later lines win ties: the order of SOURCE.
    if (this.program.arrivalAt <= at) {
      at = this.program.arrivalAt;
      source = SOURCE.arrival;
    }
    if (this.timerAt <= at) {
      at = this.timerAt;
      source = SOURCE.timer;
    }
    if (this.notifyAt <= at) {
      at = this.notifyAt;
      source = SOURCE.notification;
    }
    if (this.hostInterruptAt <= at) {
      at = this.hostInterruptAt;
      source = SOURCE.hostInterrupt;
    }
    this.source = source;
    return at;
  }

  /** In the guest, or about to be: host interrupts are off and the mode is IN_GUEST_MODE. */
  inGuestMode(now: number): boolean {
    if (this.state === STATE.guest) return true;
    const { cost } = this;
    if (this.state !== STATE.exit || cost === null) return false;
    if (cost.interruptsOnAt === Infinity && !this.leavesLoop) return true;
    return this.phase === PHASE.end && now >= this.stepAt - cost.entry;
  }

  /** Its thread has its state on a CPU (between `vcpu_load` and `vcpu_put`): IsRunning in AVIC's physical APIC ID table. */
  isLoaded(): boolean {
    return this.state < STATE.blocked && !(this.state === STATE.exit && (this.phase === PHASE.asleep || this.phase === PHASE.leaving));
  }

  /** A new exit has nothing beyond its compiled cost yet. */
  clearExtras(): void {
    this.hasExtras = false;
    this.waitCycles = 0;
    this.wakeCycles = 0;
    this.handlerCycles = 0;
    this.loopCycles = 0;
    this.interruptCycles = 0;
    this.smiCycles = 0;
    this.earlyInterruptCycles = 0;
    this.barrierCycles = 0;
    this.barrierNow = 0;
    this.flushHeld = 0;
  }

  /** vcpu->requests: a timer to inject, or (APICv off) an event that no entry has looked at yet. Its kick may still be on its way. */
  hasRequest(): boolean {
    return this.timerPending || (!this.apicv && this.irr !== 0 && !this.windowWanted);
  }

  /** Moves every remembered instant by `delta`. */
  shift(delta: number): void {
    const move = (at: Instant): Instant => (at + delta) as Instant;
    this.since = move(this.since);
    this.hostInterruptAt = move(this.hostInterruptAt);
    this.notifyAt = move(this.notifyAt);
    this.timerAt = move(this.timerAt);
    this.stepAt = move(this.stepAt);
    this.ipiSentAt = move(this.ipiSentAt);
    this.deadline = move(this.deadline);
    this.expiredDeadline = move(this.expiredDeadline);
    this.lateFor = move(this.lateFor);
    this.haltStart = move(this.haltStart);
    this.writes?.shift(delta);
    this.wokenAt = move(this.wokenAt);
    this.awakeAt = move(this.awakeAt);
    this.blockedAt = move(this.blockedAt);
    this.exitedAt = move(this.exitedAt);
    this.interruptsOnAt = move(this.interruptsOnAt);
    this.interruptsDoneAt = move(this.interruptsDoneAt);
    this.task?.shift(delta);
    this.program.shift(delta);
  }
}
