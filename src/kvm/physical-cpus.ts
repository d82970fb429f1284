/**
 * The physical CPUs of a host: which vCPU runs where, the host's tick and its device
 * interrupts, and C-states of idle CPUs.
 *
 * Linux: the interrupt entry of arch/x86, drivers/idle/intel_idle.c. A host interrupt that arrives while
 * host interrupts are off waits for them; in the guest it causes an EXTERNAL_INTERRUPT exit; on an idle
 * CPU it first ends the C-state.
 */
import { idleExitNs } from "../hw/cstates.ts";
import { cyclesOf, NEVER, instant, type Instant } from "../lib/units.ts";
import type { CpuObservers, CpuSettings } from "./cpu-settings.ts";
import { AT, CPU_USES } from "./counters.ts";
import { CstateTime } from "./cstate-time.ts";
import { DeviceInterrupts } from "./device-interrupts.ts";
import { KIND } from "./exit-kinds.ts";
import { coreAwakeAt } from "./guest-halt.ts";
import { IdleInterrupts } from "./idle-interrupts.ts";
import { Smis } from "./smi.ts";
import { askForFlush } from "./l1d-flush.ts";
import type { Tally } from "./tally.ts";
import { TickSched } from "./tick-sched.ts";
import { TimerTargets } from "./timer-target.ts";
import { PHASE, STATE, type Vcpu } from "./vcpu.ts";

const HOUSEKEEPING = AT.cpuCycles + CPU_USES.indexOf("housekeeping");

export class PhysicalCpus {
  readonly count: number;
  /** vCPU pinned to each CPU, or the one that has a shared CPU just now, or null. */
  readonly occupant: (Vcpu | null)[];
  readonly cstateTime: CstateTime;

  private settings: CpuSettings;
  private readonly tally: Tally;
  private readonly tick: TickSched;
  private readonly devices: DeviceInterrupts;
  private readonly smis: Smis;
  private readonly work: IdleInterrupts;
  private readonly idleSince: Float64Array;
  /** Threads that are runnable on a shared CPU: a nohz_full one ticks while there is more than one. */
  private readonly runnable: Uint16Array;
  private timerTargets: TimerTargets;
  private readonly wakeUp: (cpu: number) => void;
  private readonly rekey: (vcpu: Vcpu) => void;
  private readonly ticked: (cpu: number, now: Instant) => void;
  private readonly taken: (now: Instant, cycles: number) => void;

  constructor(count: number, seed: number, settings: CpuSettings, tally: Tally, on: CpuObservers) {
    this.count = count;
    this.tally = tally;
    this.occupant = Array.from({ length: count }, () => null);
    this.tick = new TickSched(count, seed, tickCycles(settings));
    this.devices = new DeviceInterrupts(count, seed);
    this.smis = new Smis(seed);
    this.work = new IdleInterrupts(count);
    this.idleSince = new Float64Array(count).fill(0);
    this.runnable = new Uint16Array(count);
    this.cstateTime = new CstateTime(count);
    this.wakeUp = on.cpu;
    this.rekey = on.vcpu;
    this.ticked = on.tick;
    this.taken = on.smi;
    this.settings = settings;
    this.timerTargets = new TimerTargets(count, settings.nohzFull);
    this.configure(settings, instant(0));
  }

  /** New settings: ticks and device interrupts start or stop where nohz_full changed. The caller asks `nextAt` anew. */
  configure(settings: CpuSettings, now: Instant): void {
    this.settings = settings;
    this.tick.configure(tickCycles(settings));
    this.timerTargets = new TimerTargets(this.count, settings.nohzFull);
    this.devices.configure(settings.nohzFull, settings.deviceInterruptsPerSecond, settings.ghz, now);
    this.smis.configure(settings.smisPerSecond, settings.ghz, now);
    for (let cpu = 0; cpu < this.count; cpu++) this.nextTick(cpu, now);
  }

  /** When the CPU's own tick or device interrupt comes next; the first CPU stands for all in what takes all. */
  nextAt(cpu: number): number {
    const at = Math.min(this.tick.nextAt(cpu), this.devices.nextAt(cpu));
    return cpu === 0 ? Math.min(at, this.smis.at) : at;
  }

  /** The CPU's own interrupt is due. */
  fire(cpu: number, now: Instant): void {
    if (cpu === 0 && this.smis.at <= now) return this.smi(now);
    const tick = this.tick.nextAt(cpu) <= now;
    if (tick) this.nextTick(cpu, now);
    else this.devices.next(cpu, now);
    this.wakeUp(cpu);
    this.interrupt(cpu, now, this.software(tick ? this.tick.work(cpu) : this.devices.work(cpu)));
    if (tick) this.ticked(cpu, now);
  }

  /** A thread starts to run: the tick starts again. */
  resume(cpu: number, now: Instant): void {
    if (!this.tick.isStopped(cpu) || !this.wantsTick(cpu)) return;
    this.tick.start(cpu, now);
    this.wakeUp(cpu);
  }

  /** The thread left its CPU: idle from now on, without a tick. */
  suspend(cpu: number, now: Instant): void {
    this.idleSince[cpu] = now;
    this.cstateTime.sleep(cpu, now);
    if (cpu === 0) return;
    this.tick.stop(cpu);
    this.wakeUp(cpu);
  }

  /** No thread is left that a shared CPU could run. */
  vacate(cpu: number, now: Instant): void {
    this.occupant[cpu] = null;
    this.runnable[cpu] = 0;
    this.suspend(cpu, now);
  }

  /** How many threads are runnable on a shared CPU: while there is a second one, a nohz_full CPU ticks. */
  crowd(cpu: number, runnable: number, now: Instant): void {
    this.runnable[cpu] = runnable;
    if (this.settings.nohzFull[cpu] !== true) return;
    this.nextTick(cpu, now);
    this.wakeUp(cpu);
  }

  /** No vCPU runs on it and no interrupt is being handled. */
  isIdle(cpu: number, now: Instant): boolean {
    const vcpu = this.occupant[cpu] ?? null;
    return (vcpu === null || vcpu.state >= STATE.blocked) && this.work.untilOf(cpu) <= now;
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
    return this.work.untilOf(cpu);
  }

  /** The CPU that gets an hrtimer armed on `cpu`. */
  timerTarget(cpu: number, now: Instant): number {
    return this.settings.hrtimerPinned ? cpu : this.timerTargets.of(cpu, (one) => this.isIdle(one, now));
  }

  /** A host interrupt arrives; returns when its handler has done its work (`cost` cycles). */
  interrupt(cpu: number, now: Instant, cost: number): Instant {
    const vcpu = this.occupant[cpu] ?? null;
    if (vcpu === null || vcpu.state >= STATE.blocked) return this.interruptIdle(cpu, now, cost);
    if (vcpu.state === STATE.poll) {
      vcpu.afterEffect += askForFlush(vcpu);
      vcpu.caches.displace(cost);
      return (now + cost) as Instant;
    }
    if (vcpu.state === STATE.guest) {
      if (vcpu.hostInterruptAt === NEVER) vcpu.hostInterruptAt = coreAwakeAt(vcpu, now);
      vcpu.pendingInterruptCycles += cost;
      this.rekey(vcpu);
      return this.afterExit(vcpu, vcpu.hostInterruptAt);
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
    return this.work.allUnfinished(now);
  }

  /**
   * Gives the CPUs to vCPUs anew, by CPU. Whoever comes to one that handles interrupts just then finds
   * it free, whoever went leaves it idle.
   */
  place(occupants: readonly (Vcpu | null)[], now: Instant): void {
    const before = this.occupant.splice(0, this.count, ...occupants);
    before.forEach((old, cpu) => {
      const vcpu = this.occupant[cpu] ?? null;
      if (vcpu === null && old !== null && old.state < STATE.blocked) this.idleSince[cpu] = now;
      if (vcpu === null || vcpu.state >= STATE.blocked) return;
      this.cstateTime.wake(cpu, now, false);
      this.tally.add(HOUSEKEEPING, -this.work.unfinished(cpu, now));
      this.work.cutOff(cpu, now);
    });
  }

  /** Moves every instant by `delta`, the same at each call. */
  shift(delta: number): void {
    this.idleSince.forEach((at, cpu) => (this.idleSince[cpu] = at + delta));
    this.work.shift(delta);
    this.smis.shift(delta);
    this.tick.shift(delta);
    this.devices.shift(delta);
    this.cstateTime.shift(delta);
  }

  /** Cycles of a path of host kernel code on this host. */
  software(reference: number): number {
    return Math.round(reference * this.settings.softwareScale);
  }

  private interruptIdle(cpu: number, now: Instant, cost: number): Instant {
    const vcpu = this.occupant[cpu] ?? null;
    const waking = vcpu !== null && (vcpu.phase === PHASE.running || vcpu.phase === PHASE.resuming) ? vcpu : null;
    // A CPU that wakes for its vCPU is out of its C-state when the thread would run.
    const awakeAt = Math.min(now + this.leaveCstate(cpu, now), waking === null ? NEVER : waking.stepAt);
    const done = this.work.add(cpu, awakeAt, cost) as Instant;
    this.tally.add(HOUSEKEEPING, cost);
    this.idleSince[cpu] = done;
    if (waking === null) this.cstateTime.sleep(cpu, done);
    if (waking !== null && waking.stepAt < done) {
      waking.stepAt = done;
      this.rekey(waking);
    }
    return done;
  }

  /** Exits' own interrupt-off stretches make the interrupt wait, as all of an inner loop does that is to be left; then it prolongs the exit. */
  private interruptExit(vcpu: Vcpu, now: Instant, cost: number): Instant {
    const leavesLoop = vcpu.leavesLoop && vcpu.interruptsOnAt === NEVER;
    if (leavesLoop || vcpu.inGuestMode(now)) {
      vcpu.pendingInterruptCycles += cost;
      const overAt = (vcpu.stepAt + (vcpu.phase === PHASE.effect ? vcpu.afterEffect : 0)) as Instant;
      return leavesLoop ? ((overAt + vcpu.pendingInterruptCycles) as Instant) : this.afterExit(vcpu, overAt);
    }
    if (now <= vcpu.interruptsOnAt) vcpu.earlyInterruptCycles += cost;
    const done = Math.max(now, vcpu.interruptsOnAt, vcpu.interruptsDoneAt) + cost;
    vcpu.interruptsDoneAt = done as Instant;
    vcpu.hasExtras = true;
    vcpu.interruptCycles += cost;
    vcpu.caches.displace(cost);
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
    if (vcpu === null || vcpu.state >= STATE.blocked) return false;
    // sched_can_stop_tick: one runnable thread on a nohz_full CPU needs no tick.
    return this.settings.nohzFull[cpu] !== true || (this.runnable[cpu] as number) > 1;
  }

  private nextTick(cpu: number, now: Instant): void {
    if (this.wantsTick(cpu)) this.tick.start(cpu, now);
    else this.tick.stop(cpu);
  }

  /** All CPUs are taken: nothing of theirs goes on until they are given back. */
  private smi(now: Instant): void {
    const cycles = this.smis.take();
    this.tally.add(AT.smis, 1);
    this.tally.add(HOUSEKEEPING, this.work.hold(now, cycles));
    this.tick.hold(now + cycles);
    this.devices.hold(now + cycles);
    this.cstateTime.hold(now, cycles);
    this.idleSince.forEach((at, cpu) => (this.idleSince[cpu] = at > now ? at + cycles : at));
    this.taken(now, cycles);
    for (let cpu = 0; cpu < this.count; cpu++) this.wakeUp(cpu);
  }
}

const tickCycles = ({ ghz, tickHz }: CpuSettings): number => Math.round((ghz * 1e9) / tickHz);
