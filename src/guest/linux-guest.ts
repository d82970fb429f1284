/**
 * What the vCPUs of one Linux guest share: its kernel's tick and code paths, its application's
 * demand, and each other's run queues.
 */
import { nearest } from "../lib/nearest.ts";
import { NEVER, type Instant } from "../lib/units.ts";
import { exponential, logNormal, quantileTable, readQuantile } from "../sim/samplers.ts";
import { hashText } from "../sim/random.ts";
import { clockEventDevice, type ClockEventDevice, type GuestTimer } from "./clock-event.ts";
import { GuestClock } from "./guest-clock.ts";
import { GuestHaltPoll } from "./halt-poll.ts";
import { GuestTimers } from "./guest-timers.ts";
import { CALL_FUNCTION_CYCLES, type IpiSend, type IpiSettings, sendsToOthers } from "./ipi-method.ts";
import { OP, type Op } from "./program.ts";
import { stretched } from "./rhythm.ts";
import { SpinLock } from "./spin-lock.ts";
import type { VcpuDraws } from "./vcpu-draws.ts";
import { BACKGROUND_OPERATIONS, type BackgroundOperation, type Workload } from "./workload.ts";

export interface LinuxGuestSettings {
  readonly name: string;
  readonly seed: number;
  readonly vcpus: number;
  readonly workload: Workload;
  readonly load: number;
  readonly hz: number;
  readonly nohz: boolean;
  readonly timer: GuestTimer;
  readonly ghz: number;
  readonly boot: Instant;
  /** cpuidle-haltpoll: the guest polls before it halts. */
  readonly haltpoll: boolean;
  /** The guest kernel writes the clock event device twice when it restarts its first timer (before 5.15). */
  readonly restartsTwice: boolean;
  readonly ipis: IpiSettings;
}

/** A run queue of the guest, as its other vCPUs see it. */
export interface RunQueue {
  ready: number;
  idle: boolean;
  readonly polling: boolean;
}

/** Stands for no operation of the CPU: the kernel calls a function on all others, by as many as it takes. */
export const CALL_FUNCTION = -1;
type BackgroundWork = Op | typeof CALL_FUNCTION;

export class LinuxGuest {
  readonly nohz: boolean;
  readonly clockEvent: ClockEventDevice;
  readonly messagesPerVcpu: number;
  readonly workingSetMib: number;
  readonly clock: GuestClock;
  /** Offset of the guest's ticks: all its vCPUs tick together, as Linux does without skew_tick. */
  readonly tickPhase: number;
  readonly restartsTwice: boolean;
  /** How its kernel ends an interrupt, and how it sends one to another vCPU. */
  readonly eoiOp: Op;
  readonly ipiOp: Op;
  /** One per vCPU, filled as they boot. */
  readonly runQueues: RunQueue[] = [];
  /** The lock of each of them. */
  readonly locks: readonly SpinLock[];

  private readonly haltpoll: boolean;
  private readonly ipis: IpiSettings;
  private readonly vcpus: number;
  private readonly workload: Workload;
  private readonly workCycles: number;
  private readonly workTable: Float64Array;
  private readonly quietShare: number;
  private readonly backgroundCycles: number;
  private readonly backgroundShares: readonly number[];
  private readonly backgroundOps: readonly BackgroundWork[];

  constructor(settings: LinuxGuestSettings) {
    const { workload, ghz } = settings;
    this.haltpoll = settings.haltpoll;
    this.ipis = settings.ipis;
    this.vcpus = settings.vcpus;
    this.workload = workload;
    this.locks = Array.from({ length: settings.vcpus }, () => new SpinLock());
    this.nohz = settings.nohz;
    this.clockEvent = clockEventDevice(settings.timer, settings.nohz, workload.interval_ns > 0);
    this.messagesPerVcpu = settings.load === 0 ? 0 : workload.messages_per_vcpu;
    this.workingSetMib = workload.writes.working_set_mib;
    this.clock = new GuestClock(settings);
    this.tickPhase = (hashText(`${settings.name}/tick`, settings.seed) >>> 0) % this.clock.tickCycles;
    this.restartsTwice = settings.restartsTwice;
    this.workCycles = workload.work_ns * ghz;
    this.workTable = quantileTable((u) => logNormal(u, workload.work_cv));
    const { requests_per_second: requests, quiet_interrupts_per_second: quiet } = workload;
    this.quietShare = quiet === 0 ? 0 : quiet / (requests + quiet);
    this.eoiOp = workload.hyperv_apic ? OP.hvEoi : OP.eoi;
    this.ipiOp = workload.hyperv_apic ? OP.hvIpi : OP.ipi;
    const kinds = backgroundKinds(workload, settings.vcpus);
    const total = kinds.reduce((sum, { rate }) => sum + rate, 0);
    this.backgroundCycles = total === 0 ? Infinity : (ghz * 1e9) / total;
    this.backgroundShares = kinds.map(({ rate }) => rate / total);
    this.backgroundOps = kinds.map(({ op }) => op);
  }

  /** The polling of one vCPU's idle loop, or null. */
  makeHaltPoll(): GuestHaltPoll | null {
    return this.haltpoll ? new GuestHaltPoll(this.clock.cyclesPerSecond / 1e9) : null;
  }

  /** The timers of one vCPU at boot. Its ticks come with those of the others, its threads' timers do not. */
  timersAt(boot: Instant, index: number, draws: VcpuDraws): GuestTimers {
    const after = (cycles: number): Instant => (boot + this.tickPhase + cycles) as Instant;
    const { tickCycles, watchdogCycles, intervalCycles } = this.clock;
    const sleeper = intervalCycles === 0 ? NEVER : after(nearest(intervalCycles * (1 + index / this.vcpus)));
    const wheel = this.wheelAfter(boot, draws);
    return new GuestTimers({ tick: after(tickCycles), watchdog: after(watchdogCycles), sleeper, wheel }, tickCycles);
  }

  /** Instant of the timer wheel's next timer. */
  wheelAfter(now: Instant, draws: VcpuDraws): Instant {
    return (now + exponential(draws.soft.next(), this.clock.wheelCycles)) as Instant;
  }

  /** The first instant after `now` at which a periodic thread wants to wake, `due` being one of them. */
  intervalAfter(due: Instant, now: Instant): Instant {
    const { intervalCycles } = this.clock;
    return (due + intervalCycles * Math.max(1, Math.ceil((now - due + 1) / intervalCycles))) as Instant;
  }

  /** Instant of the device's next interrupt, Infinity when the workload has none. */
  arrivalAfter(now: Instant, bootedAt: Instant, draws: VcpuDraws): Instant {
    const { arrivalCycles, cyclesPerSecond } = this.clock;
    if (arrivalCycles === Infinity) return Infinity as Instant;
    const gap = exponential(draws.arrival.next(), arrivalCycles);
    const { rhythm } = this.workload;
    if (rhythm.shape === "steady") return (now + gap) as Instant;
    const seconds = stretched(rhythm, (now - bootedAt) / cyclesPerSecond, gap / cyclesPerSecond);
    return (now + Math.max(1, nearest(seconds * cyclesPerSecond))) as Instant;
  }

  /** The interrupt brings no request. */
  isQuiet(draws: VcpuDraws): boolean {
    return this.quietShare > 0 && draws.quiet.next() < this.quietShare;
  }

  /** A thread that never sleeps runs on this vCPU. */
  isBusy(index: number): boolean {
    const { busy_vcpus: busy } = this.workload;
    return busy === "all" || index < busy;
  }

  /** Size of a piece of work, guest cycles. */
  workSize(draws: VcpuDraws): number {
    return Math.max(1, nearest(this.workCycles * readQuantile(this.workTable, draws.work.next())));
  }

  /** Guest cycles to the next background operation. */
  backgroundGap(draws: VcpuDraws): number {
    if (this.backgroundCycles === Infinity) return Infinity;
    return exponential(draws.gap.next(), this.backgroundCycles);
  }

  backgroundOp(draws: VcpuDraws): BackgroundWork {
    let u = draws.kind.next();
    for (let i = 0; i < this.backgroundShares.length; i++) {
      u -= this.backgroundShares[i] as number;
      if (u <= 0) return this.backgroundOps[i] as BackgroundWork;
    }
    return OP.none;
  }

  /** The operations by which vCPU `self` interrupts all others; Hyper-V's ICR takes one target at a time here. */
  sendsOf(self: number): readonly IpiSend[] {
    if (!this.workload.hyperv_apic) return sendsToOthers(this.vcpus, self, this.ipis);
    return this.locks.flatMap((_, operand) => (operand === self ? [] : [{ op: OP.hvIpi, operand }]));
  }

  /** What queueing a function for all other vCPUs takes. */
  get callCycles(): number {
    return (this.vcpus - 1) * CALL_FUNCTION_CYCLES;
  }

  /** The vCPU whose thread a piece of work wakes, or -1 for none. */
  remoteTarget(self: number, draws: VcpuDraws): number {
    const u = draws.remote.next() / this.workload.remote_wake_chance;
    if (u >= 1 || this.workload.remote_wake_chance === 0) return -1;
    const others = this.runQueues.length - 1;
    if (others === 0) return self;
    const pick = Math.floor(u * others);
    return pick >= self ? pick + 1 : pick;
  }

  /** A thread that wakes on a busy vCPU preempts what runs there. */
  preempts(draws: VcpuDraws): boolean {
    const { preempt_chance: chance } = this.workload;
    return chance > 0 && draws.preempt.next() < chance;
  }

  ringsDoorbell(draws: VcpuDraws): boolean {
    return this.workload.doorbell_chance > 0 && draws.doorbell.next() < this.workload.doorbell_chance;
  }
}

const OPS: Readonly<Record<BackgroundOperation, BackgroundWork>> = {
  cpuid: OP.cpuid,
  port_io: OP.portIo,
  mmio: OP.mmio,
  doorbell: OP.doorbell,
  page_fault: OP.pageFault,
  pause_loop: OP.pauseLoop,
  level_eoi: OP.levelEoi,
  hypercall: OP.hypercall,
  other_msr: OP.otherMsr,
  self_ipi: OP.selfIpi,
  call_function: CALL_FUNCTION,
  debug_register: OP.debugRegister,
  apic_register: OP.apicRegister,
  other: OP.other,
};

function backgroundKinds({ background, hyperv_apic: hyperv }: Workload, vcpus: number): { rate: number; op: BackgroundWork }[] {
  const opOf = (name: BackgroundOperation): BackgroundWork => (hyperv && name === "self_ipi" ? OP.hvSelfIpi : OPS[name]);
  const kinds = BACKGROUND_OPERATIONS.map((name) => ({ rate: background[name], op: opOf(name) }));
  return kinds.filter(({ rate, op }) => rate > 0 && (op !== CALL_FUNCTION || vcpus > 1));
}
