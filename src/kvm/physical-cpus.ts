/**
 * The physical CPUs of a host: which vCPU runs where, the host's tick and its device
 * interrupts, C-states of idle CPUs, and where an unpinned hrtimer goes.
 *
 * Linux kernel/sched/core.c get_nohz_timer_target, kernel/time/tick-sched.c; the interrupt entry of
 * arch/x86. A host interrupt that arrives while host interrupts are off waits for them; in the
 * guest it causes an EXTERNAL_INTERRUPT exit; on an idle CPU it first ends the C-state.
 */
import { EXTRAS } from "../cost/paths.ts";
import { idleExitNs, type CState } from "../hw/cstates.ts";
import { cyclesOf, NEVER, instant, type Instant } from "../lib/units.ts";
import { exponential } from "../sim/samplers.ts";
import { Stream } from "../sim/random.ts";
import { AT, CPU_USES } from "./counters.ts";
import { CstateTime } from "./cstate-time.ts";
import { KIND } from "./exit-kinds.ts";
import type { Tally } from "./tally.ts";
import { PHASE, STATE, type Vcpu } from "./vcpu.ts";

const HOUSEKEEPING = AT.cpuCycles + CPU_USES.indexOf("housekeeping");

/** What the CPUs are told by the configuration. */
export interface CpuSettings {
  readonly ghz: number;
  readonly tickHz: number;
  readonly nohzFull: readonly boolean[];
  readonly cstates: readonly CState[];
  readonly hrtimerPinned: boolean;
  /** Cycles of host kernel code relative to the reference core without mitigations. */
  readonly softwareScale: number;
}

/** Device and kernel interrupts per second and CPU that the host's own work causes. */
export const HOST_INTERRUPTS_PER_SECOND = {
  housekeeping: 40,
  source: "assumed: an otherwise idle host's interrupts, spread over its housekeeping CPUs",
} as const;

export class PhysicalCpus {
  readonly count: number;
  /** vCPU pinned to each CPU, or null. */
  readonly occupant: (Vcpu | null)[];
  readonly cstateTime: CstateTime;

  private settings: CpuSettings;
  private readonly tally: Tally;
  private readonly tickAt: Float64Array;
  private readonly deviceAt: Float64Array;
  /** The stretch in which an idle CPU handles interrupts: after its C-state exit, one after the other. */
  private readonly busyFrom: Float64Array;
  private readonly busyUntil: Float64Array;
  private readonly idleSince: Float64Array;
  private readonly draws: readonly Stream[];
  /** How often the time axis was moved, and by how much each time. */
  private moves = 0;
  private moveCycles = 0;
  private housekeepers: readonly (readonly number[])[] = [];
  private readonly wakeUp: (cpu: number) => void;
  private readonly rekey: (vcpu: Vcpu) => void;

  constructor(
    count: number,
    seed: number,
    settings: CpuSettings,
    tally: Tally,
    on: { cpu: (cpu: number) => void; vcpu: (vcpu: Vcpu) => void },
  ) {
    this.count = count;
    this.tally = tally;
    this.occupant = Array.from({ length: count }, () => null);
    this.tickAt = new Float64Array(count).fill(NEVER);
    this.deviceAt = new Float64Array(count).fill(NEVER);
    this.busyFrom = new Float64Array(count).fill(0);
    this.busyUntil = new Float64Array(count).fill(0);
    this.idleSince = new Float64Array(count).fill(0);
    this.cstateTime = new CstateTime(count);
    this.draws = Array.from({ length: count }, (_, cpu) => new Stream(seed, `cpu${cpu}/device`));
    this.wakeUp = on.cpu;
    this.rekey = on.vcpu;
    this.settings = settings;
    this.configure(settings, instant(0));
  }

  /** New settings: ticks and device interrupts start or stop where nohz_full changed. The caller asks `nextAt` anew. */
  configure(settings: CpuSettings, now: Instant): void {
    this.settings = settings;
    const socket = (cpu: number): number => (cpu < this.count / 2 ? 0 : 1);
    const all = Array.from({ length: this.count }, (_, cpu) => cpu).filter((cpu) => settings.nohzFull[cpu] !== true);
    this.housekeepers = [0, 1].map((own) => all.toSorted((a, b) => Number(socket(a) !== own) - Number(socket(b) !== own) || a - b));
    for (let cpu = 0; cpu < this.count; cpu++) {
      const housekeeping = settings.nohzFull[cpu] !== true;
      if (!housekeeping) this.deviceAt[cpu] = NEVER;
      else if (this.deviceAt[cpu] === NEVER) this.deviceAt[cpu] = this.nextDevice(cpu, now);
      this.tickAt[cpu] = this.wantsTick(cpu) ? this.nextTick(now) : NEVER;
    }
  }

  /** When the CPU's own tick or device interrupt comes next. */
  nextAt(cpu: number): number {
    return Math.min(this.tickAt[cpu] as number, this.deviceAt[cpu] as number);
  }

  /** The CPU's own interrupt is due. */
  fire(cpu: number, now: Instant): void {
    const tick = (this.tickAt[cpu] as number) <= now;
    if (tick) this.tickAt[cpu] = this.wantsTick(cpu) ? this.nextTick(now) : NEVER;
    else this.deviceAt[cpu] = this.nextDevice(cpu, now);
    this.wakeUp(cpu);
    this.interrupt(cpu, now, this.software(tick ? EXTRAS.hostTick.value : EXTRAS.hostDevice.value));
  }

  /** The vCPU's thread starts to run: the tick starts again. */
  resume(vcpu: Vcpu, now: Instant): void {
    if (this.tickAt[vcpu.cpu] !== NEVER || !this.wantsTick(vcpu.cpu)) return;
    this.tickAt[vcpu.cpu] = this.nextTick(now);
    this.wakeUp(vcpu.cpu);
  }

  /** The vCPU's thread left its CPU: idle from now on, without a tick. */
  suspend(vcpu: Vcpu, now: Instant): void {
    this.idleSince[vcpu.cpu] = now;
    this.cstateTime.sleep(vcpu.cpu, now);
    if (vcpu.cpu === 0) return;
    this.tickAt[vcpu.cpu] = NEVER;
    this.wakeUp(vcpu.cpu);
  }

  /** No vCPU runs on it and no interrupt is being handled. */
  isIdle(cpu: number, now: Instant): boolean {
    const vcpu = this.occupant[cpu] ?? null;
    return (vcpu === null || vcpu.state === STATE.blocked) && (this.busyUntil[cpu] as number) <= now;
  }

  /** Cycles to leave the C-state that an idle CPU is in, and 0 on a busy one. */
  idleExitCycles(cpu: number, now: Instant): number {
    if (!this.isIdle(cpu, now)) return 0;
    const { ghz, cstates } = this.settings;
    return cyclesOf(idleExitNs(cstates, (now - (this.idleSince[cpu] as number)) / ghz), ghz);
  }

  /** The CPU leaves its C-state, if it is in one, which takes so many cycles. */
  leaveCstate(cpu: number, now: Instant): number {
    const exit = this.idleExitCycles(cpu, now);
    this.cstateTime.wake(cpu, now, exit > 0);
    return exit;
  }

  /** When the interrupts being handled on an idle CPU are done. */
  busyUntilOf(cpu: number): number {
    return this.busyUntil[cpu] as number;
  }

  /** get_nohz_timer_target: the CPU that gets an hrtimer armed on `cpu`. */
  timerTarget(cpu: number, now: Instant): number {
    const { nohzFull, hrtimerPinned } = this.settings;
    if (hrtimerPinned || nohzFull[cpu] !== true) return cpu;
    const near = this.housekeepers[cpu < this.count / 2 ? 0 : 1] as readonly number[];
    for (const candidate of near) if (!this.isIdle(candidate, now)) return candidate;
    return near[0] ?? cpu;
  }

  /** A host interrupt arrives; returns when its handler has done its work (`cost` cycles). */
  interrupt(cpu: number, now: Instant, cost: number): Instant {
    const vcpu = this.occupant[cpu] ?? null;
    if (vcpu === null || vcpu.state === STATE.blocked) return this.interruptIdle(cpu, now, cost);
    if (vcpu.state === STATE.poll) {
      vcpu.afterEffect += askForFlush(vcpu);
      return (now + cost) as Instant;
    }
    if (vcpu.state === STATE.guest) {
      if (vcpu.hostInterruptAt === NEVER) vcpu.hostInterruptAt = now;
      vcpu.pendingInterruptCycles += cost;
      this.rekey(vcpu);
      return this.afterExit(vcpu, now);
    }
    return this.interruptExit(vcpu, now, cost);
  }

  /** The exit in flight lets host interrupts in before its end: those that wait are handled now. */
  letInterruptsIn(vcpu: Vcpu, now: Instant): void {
    const cost = vcpu.pendingInterruptCycles;
    if (cost === 0) return;
    vcpu.pendingInterruptCycles = 0;
    this.interruptExit(vcpu, now, cost);
  }

  /** Counted housekeeping cycles that lie after `now`: interrupts that are still being handled. */
  unfinishedHousekeeping(now: Instant): number {
    let cycles = 0;
    for (let cpu = 0; cpu < this.count; cpu++) cycles += this.unfinished(cpu, now);
    return cycles;
  }

  /** Pins vCPUs anew. Whoever comes to a CPU that handles interrupts just then finds it free, whoever went leaves it idle. */
  place(vcpus: readonly Vcpu[], now: Instant): void {
    const before = this.occupant.splice(0, this.count, ...Array.from({ length: this.count }, () => null));
    for (const vcpu of vcpus) this.occupant[vcpu.cpu] = vcpu;
    before.forEach((old, cpu) => {
      const vcpu = this.occupant[cpu] ?? null;
      if (vcpu === null && old !== null && old.state !== STATE.blocked) this.idleSince[cpu] = now;
      if (vcpu === null || vcpu.state === STATE.blocked) return;
      this.cstateTime.wake(cpu, now, false);
      this.tally.add(HOUSEKEEPING, -this.unfinished(cpu, now));
      this.busyUntil[cpu] = Math.min(this.busyUntil[cpu] as number, now);
    });
  }

  /** Moves every instant by `delta`, the same at each call. */
  shift(delta: number): void {
    for (const array of [this.tickAt, this.deviceAt, this.busyFrom, this.busyUntil, this.idleSince]) {
      array.forEach((at, cpu) => (array[cpu] = at + delta));
    }
    this.cstateTime.shift(delta);
    this.moves++;
    this.moveCycles = delta;
  }

  /** Cycles of a path of host kernel code on this host. */
  software(reference: number): number {
    return Math.round(reference * this.settings.softwareScale);
  }

  private interruptIdle(cpu: number, now: Instant, cost: number): Instant {
    const vcpu = this.occupant[cpu] ?? null;
    const waking = vcpu !== null && vcpu.phase === PHASE.running ? vcpu : null;
    // A CPU that wakes for its vCPU is out of its C-state when the thread would run.
    const awakeAt = Math.min(now + this.leaveCstate(cpu, now), waking === null ? NEVER : waking.stepAt);
    const begin = Math.max(awakeAt, this.busyUntil[cpu] as number);
    if (begin > (this.busyUntil[cpu] as number)) this.busyFrom[cpu] = begin;
    const done = (begin + cost) as Instant;
    this.tally.add(HOUSEKEEPING, cost);
    this.busyUntil[cpu] = done;
    this.idleSince[cpu] = done;
    if (waking === null) this.cstateTime.sleep(cpu, done);
    if (waking !== null && waking.stepAt < done) {
      waking.stepAt = done;
      this.rekey(waking);
    }
    return done;
  }

  /** Exits' own interrupt-off stretches make the interrupt wait; then it prolongs the exit. */
  private interruptExit(vcpu: Vcpu, now: Instant, cost: number): Instant {
    if (vcpu.inGuestMode(now)) {
      vcpu.pendingInterruptCycles += cost;
      const end = vcpu.phase === PHASE.effect ? vcpu.stepAt + vcpu.afterEffect : vcpu.stepAt;
      return this.afterExit(vcpu, end as Instant);
    }
    if (now <= vcpu.interruptsOnAt) vcpu.earlyInterruptCycles += cost;
    const done = Math.max(now, vcpu.interruptsOnAt, vcpu.interruptsDoneAt) + cost;
    vcpu.interruptsDoneAt = done as Instant;
    vcpu.hasExtras = true;
    vcpu.interruptCycles += cost;
    const flush = askForFlush(vcpu);
    if (vcpu.phase === PHASE.end) vcpu.stepAt = (vcpu.stepAt + cost + flush) as Instant;
    else if (vcpu.phase === PHASE.effect && vcpu.stepAt <= vcpu.interruptsOnAt) vcpu.afterEffect += cost + flush;
    else {
      vcpu.stepAt = (vcpu.stepAt + cost) as Instant;
      vcpu.afterEffect += flush;
    }
    this.rekey(vcpu);
    return done as Instant;
  }

  private afterExit(vcpu: Vcpu, exitAt: Instant): Instant {
    const effectAt = vcpu.costs[KIND.externalInterrupt]?.effectAt ?? 0;
    return (exitAt + effectAt + vcpu.pendingInterruptCycles) as Instant;
  }

  private wantsTick(cpu: number): boolean {
    if (cpu === 0) return true;
    const vcpu = this.occupant[cpu] ?? null;
    return this.settings.nohzFull[cpu] !== true && vcpu !== null && vcpu.state !== STATE.blocked;
  }

  private nextTick(now: Instant): number {
    const period = Math.round((this.settings.ghz * 1e9) / this.settings.tickHz);
    // Ticks count from the boot, which lies far back: only the phase is kept, so that all stays exact.
    const origin = (this.moves * (this.moveCycles % period)) % period;
    return origin + period * (Math.floor((now - origin) / period) + 1);
  }

  private unfinished(cpu: number, now: Instant): number {
    return Math.max(0, (this.busyUntil[cpu] as number) - Math.max(now, this.busyFrom[cpu] as number));
  }

  private nextDevice(cpu: number, now: Instant): number {
    return now + exponential((this.draws[cpu] as Stream).next(), (this.settings.ghz * 1e9) / HOST_INTERRUPTS_PER_SECOND.housekeeping);
  }
}

/** kvm_set_cpu_l1tf_flush_l1d, which interrupt entry does: cycles that the flush adds to the exit in flight, before the entry. */
function askForFlush(vcpu: Vcpu): number {
  if (vcpu.flush || vcpu.cost === null || vcpu.cost.conditionalFlush === 0) return 0;
  vcpu.flush = true;
  return vcpu.cost.conditionalFlush;
}
