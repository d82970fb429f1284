/**
 * A halted vCPU: it looks for pending events, polls, then gives its CPU away, and comes back
 * when something wakes it.
 *
 * Linux arch/x86/kvm/x86.c vcpu_block, virt/kvm/kvm_main.c kvm_vcpu_halt, kvm_vcpu_block,
 * kvm_vcpu_wake_up. The exit's cycles exclude polling and sleeping, and include leaving the CPU and
 * coming back to it.
 */
import type { ExitCost } from "../cost/plan.ts";
import { EXTRAS } from "../cost/paths.ts";
import { cyclesOf, nanosOf, NEVER, type Instant } from "../lib/units.ts";
import { statIndex } from "./accounting.ts";
import { AT, HALT_POLL_RESULTS } from "./counters.ts";
import { KIND } from "./exit-kinds.ts";
import { nextWindow } from "./halt-polling.ts";
import type { LapicTimer } from "./lapic-timer.ts";
import type { PhysicalCpus } from "./physical-cpus.ts";
import type { HaltPollSettings } from "./resolved.ts";
import type { Tally } from "./tally.ts";
import type { Scheduler } from "./scheduler.ts";
import { PHASE, STATE, type Vcpu } from "./vcpu.ts";
import { enterState } from "./vcpu-time.ts";

const SUCCESS = HALT_POLL_RESULTS.indexOf("success");
const FAIL = HALT_POLL_RESULTS.indexOf("fail");
const INVALID = HALT_POLL_RESULTS.indexOf("invalid");
const STAT = {
  haltAttemptedPoll: statIndex("halt_attempted_poll"),
  haltWakeup: statIndex("halt_wakeup"),
  haltWaitNs: statIndex("halt_wait_ns"),
  haltSuccessfulPoll: statIndex("halt_successful_poll"),
  haltPollSuccessNs: statIndex("halt_poll_success_ns"),
  haltPollFailNs: statIndex("halt_poll_fail_ns"),
};

export interface BlockSettings {
  readonly haltPoll: HaltPollSettings;
  readonly ghz: number;
  readonly ipiFlight: number;
  /** Cycles in which a waker makes the thread runnable, on its own CPU and from another one. */
  readonly wakeLocal: number;
  readonly wakeRemote: number;
  /** Number of the miss of a HLT's fastpath that has to block. */
  readonly mustBlock: number;
}

export interface BlockNeeds {
  readonly settings: BlockSettings;
  readonly cpus: PhysicalCpus;
  readonly timer: LapicTimer;
  readonly tally: Tally;
  readonly scheduler: Scheduler;
  enter(vcpu: Vcpu, now: Instant): void;
  rekey(vcpu: Vcpu): void;
}

export class VcpuBlock {
  settings: BlockSettings;
  private readonly cpus: PhysicalCpus;
  private readonly timer: LapicTimer;
  private readonly tally: Tally;
  private readonly scheduler: Scheduler;
  private readonly rekey: (vcpu: Vcpu) => void;
  private readonly enter: (vcpu: Vcpu, now: Instant) => void;

  constructor(needs: BlockNeeds) {
    this.settings = needs.settings;
    this.cpus = needs.cpus;
    this.timer = needs.timer;
    this.tally = needs.tally;
    this.scheduler = needs.scheduler;
    this.rekey = (vcpu) => needs.rekey(vcpu);
    this.enter = (vcpu, now) => needs.enter(vcpu, now);
  }

  /** What a HLT exit does at its effect. */
  halt(vcpu: Vcpu, now: Instant): void {
    if (vcpu.kind === KIND.hltReenter) this.fastpath(vcpu, now);
    else this.check(vcpu, now);
  }

  /**
   * `handle_fastpath_hlt`: an interrupt that is already there (`kvm_vcpu_has_events`) re-enters at
   * once. Otherwise the vCPU is marked halted, and the outer loop, which lets host interrupts in
   * and injects a timer that is pending, looks again before it blocks.
   */
  private fastpath(vcpu: Vcpu, now: Instant): void {
    if ((vcpu.pir | vcpu.irr) !== 0) {
      this.finish(vcpu, now, 0);
      return;
    }
    const { leaveLoop } = vcpu.cost as ExitCost;
    const out = Math.round(leaveLoop / 2);
    vcpu.kind = KIND.hltBlocks;
    vcpu.cost = vcpu.exitCosts[KIND.hltBlocks] as ExitCost;
    vcpu.miss = this.settings.mustBlock;
    vcpu.leavesLoop = true;
    vcpu.hasExtras = true;
    vcpu.loopCycles = leaveLoop;
    vcpu.afterEffect += leaveLoop - out;
    vcpu.interruptsOnAt = now;
    vcpu.stepAt = (now + out) as Instant;
    this.cpus.letInterruptsIn(vcpu, now);
  }

  /** The HLT's own look for events; goes on to the entry, or polls, or leaves the CPU. */
  private check(vcpu: Vcpu, now: Instant): void {
    if (this.runnable(vcpu)) return this.finish(vcpu, now, 0);
    if (this.timer.switchToSoftware(vcpu, now)) {
      // It looks again when the hrtimer is armed.
      const work = this.cpus.software(EXTRAS.hrtimer.value);
      vcpu.hasExtras = true;
      vcpu.handlerCycles += work;
      vcpu.stepAt = (now + work) as Instant;
      return;
    }
    vcpu.haltStart = now;
    vcpu.wakeRequested = false;
    const window = vcpu.hostPolls ? cyclesOf(vcpu.haltPollNs, this.settings.ghz) : 0;
    if (window === 0) return this.leaveCpu(vcpu, now);
    this.tally.add(STAT.haltAttemptedPoll, 1);
    if (vcpu.task !== null && !this.scheduler.alone(vcpu)) {
      this.countPoll(0, INVALID);
      return this.leaveCpu(vcpu, now);
    }
    enterState(this.tally, vcpu, STATE.poll, now);
    vcpu.phase = PHASE.pollOver;
    vcpu.stepAt = (now + window) as Instant;
  }

  /** `kvm_vcpu_wake_up`: something is pending for a vCPU that may be halted. True when its thread slept, or was about to. */
  wake(vcpu: Vcpu, now: Instant): boolean {
    if (vcpu.state === STATE.poll) {
      if (vcpu.phase === PHASE.pollNoticed) return false;
      vcpu.phase = PHASE.pollNoticed;
      vcpu.stepAt = (now + this.cpus.software(EXTRAS.pollNotice.value)) as Instant;
      this.rekey(vcpu);
      return false;
    }
    if (vcpu.state === STATE.blocked) {
      if (vcpu.phase === PHASE.running) return false;
      this.wakeSleeper(vcpu, now);
      this.rekey(vcpu);
      return true;
    }
    if (vcpu.state !== STATE.exit || vcpu.phase !== PHASE.asleep || vcpu.wakeRequested) return false;
    vcpu.wakeRequested = true;
    return true;
  }

  /** `kvm_vcpu_can_poll` sees that another thread is runnable: the vCPU polls no longer. */
  stopPolling(vcpu: Vcpu, now: Instant): void {
    if (vcpu.phase === PHASE.pollNoticed || vcpu.pollGivenUp) return;
    vcpu.pollGivenUp = true;
    vcpu.stepAt = Math.min(vcpu.stepAt, now + this.cpus.software(EXTRAS.pollNotice.value)) as Instant;
    this.rekey(vcpu);
  }

  /** Polling ended: with an event, at the end of the window, or because another thread wants the CPU. */
  pollEnded(vcpu: Vcpu, now: Instant): void {
    const success = vcpu.phase === PHASE.pollNoticed;
    const polled = now - vcpu.since;
    enterState(this.tally, vcpu, STATE.exit, now);
    this.countPoll(polled, success ? SUCCESS : vcpu.pollGivenUp ? INVALID : FAIL);
    vcpu.pollGivenUp = false;
    if (success) {
      this.adapt(vcpu, now);
      this.finish(vcpu, now, this.timer.switchToHv(vcpu, now));
    } else this.leaveCpu(vcpu, now);
  }

  /** The thread has left its CPU. */
  asleep(vcpu: Vcpu, now: Instant): void {
    enterState(this.tally, vcpu, STATE.blocked, now);
    vcpu.blockedAt = now;
    if (vcpu.task === null) this.cpus.suspend(vcpu.cpu, now);
    else this.scheduler.block(vcpu, now);
    if (vcpu.wakeRequested || this.runnable(vcpu)) this.wakeSleeper(vcpu, now);
    else vcpu.stepAt = NEVER;
  }

  /**
   * The first KVM_RUN of a vCPU that comes from another host: one that was halted there goes on
   * sleeping, without a poll, as its window starts at 0.
   */
  comeIn(vcpu: Vcpu, now: Instant, halted: boolean): void {
    vcpu.since = now;
    if (vcpu.task !== null) return this.comeInSharing(vcpu, now, halted);
    vcpu.state = STATE.exit;
    if (!halted || this.runnable(vcpu)) return this.firstEntry(vcpu, now);
    vcpu.state = STATE.blocked;
    vcpu.haltStart = now;
    vcpu.blockedAt = now;
    vcpu.phase = PHASE.asleep;
    vcpu.stepAt = NEVER;
    this.timer.switchToSoftware(vcpu, now);
    this.cpus.suspend(vcpu.cpu, now);
    if (this.runnable(vcpu)) this.wakeSleeper(vcpu, now);
  }

  /** Where CPUs are shared, its thread has to get one first. */
  private comeInSharing(vcpu: Vcpu, now: Instant, halted: boolean): void {
    this.scheduler.withdraw(vcpu, now);
    vcpu.cost = null;
    vcpu.state = STATE.blocked;
    vcpu.haltStart = now;
    vcpu.blockedAt = now;
    vcpu.phase = PHASE.asleep;
    vcpu.stepAt = NEVER;
    if (halted && !this.runnable(vcpu)) this.timer.switchToSoftware(vcpu, now);
    if (!halted || this.runnable(vcpu)) this.wakeSleeper(vcpu, now);
  }

  /** The thread runs again. */
  running(vcpu: Vcpu, now: Instant): void {
    const { cost } = vcpu;
    if (cost === null) return this.firstEntry(vcpu, now);
    const loaded = this.wokenUp(vcpu, now);
    const sleptNs = (now - vcpu.blockedAt) / this.settings.ghz;
    const work = this.cpus.software(EXTRAS.scheduleIn.value + vcpu.caches.away(sleptNs));
    vcpu.hasExtras = true;
    vcpu.wakeCycles += work;
    const flush = vcpu.flush ? 0 : cost.conditionalFlush;
    vcpu.flush ||= flush > 0;
    this.finish(vcpu, now, work + loaded + flush);
  }

  /** What each end of a sleep does; returns what its timer takes, and loading the vCPU on a CPU that it shares. */
  private wokenUp(vcpu: Vcpu, now: Instant): number {
    enterState(this.tally, vcpu, STATE.exit, now);
    this.tally.add(STAT.haltWakeup, 1);
    this.tally.add(STAT.haltWaitNs, nanosOf(now - vcpu.blockedAt, this.settings.ghz));
    this.cpus.resume(vcpu.cpu, now);
    vcpu.spin.scheduledIn();
    const loaded = vcpu.task === null ? 0 : this.scheduler.load(vcpu, now);
    this.adapt(vcpu, now);
    return loaded + this.timer.switchToHv(vcpu, now);
  }

  /** There is no exit to end: what is pending is injected, and the guest goes on, not before the deadline of a timer fired early. */
  private firstEntry(vcpu: Vcpu, now: Instant): void {
    if (vcpu.state >= STATE.blocked) this.wokenUp(vcpu, now);
    this.timer.injectPending(vcpu);
    const wait = vcpu.expiredDeadline === NEVER ? 0 : vcpu.expiredDeadline - now;
    vcpu.expiredDeadline = NEVER;
    if (wait <= 0) {
      enterState(this.tally, vcpu, STATE.guest, now);
      // What it took to get onto a CPU is no exit's.
      vcpu.clearExtras();
      this.enter(vcpu, now);
      return;
    }
    vcpu.phase = PHASE.running;
    vcpu.interruptsOnAt = now;
    vcpu.interruptsDoneAt = now;
    vcpu.stepAt = (now + wait) as Instant;
  }

  /** kvm_vcpu_check_block: something to run for, or a signal. */
  private runnable(vcpu: Vcpu): boolean {
    return (vcpu.pir | vcpu.irr) !== 0 || vcpu.timerPending || vcpu.stop !== null;
  }

  private finish(vcpu: Vcpu, now: Instant, work: number): void {
    vcpu.phase = PHASE.end;
    vcpu.stepAt = (now + work + vcpu.afterEffect) as Instant;
  }

  private leaveCpu(vcpu: Vcpu, now: Instant): void {
    const work = this.cpus.software(EXTRAS.scheduleOut.value);
    vcpu.hasExtras = true;
    vcpu.wakeCycles += work;
    vcpu.phase = PHASE.asleep;
    vcpu.stepAt = (now + work) as Instant;
  }

  private wakeSleeper(vcpu: Vcpu, now: Instant): void {
    if (vcpu.task !== null) return this.scheduler.wakeUp(vcpu, vcpu.timerPending ? vcpu.timerCpu : -1, now);
    const local = vcpu.timerCpu === vcpu.cpu && vcpu.timerPending;
    const { wakeLocal, wakeRemote, ipiFlight } = this.settings;
    const at = now + (local ? wakeLocal : wakeRemote + ipiFlight) + this.cpus.leaveCstate(vcpu.cpu, now);
    vcpu.phase = PHASE.running;
    vcpu.stepAt = Math.max(at, this.cpus.busyUntilOf(vcpu.cpu)) as Instant;
  }

  private adapt(vcpu: Vcpu, now: Instant): void {
    const halted = nanosOf(now - vcpu.haltStart, this.settings.ghz);
    vcpu.haltPollNs = nextWindow(this.settings.haltPoll, vcpu.haltPollNs, halted, true);
    vcpu.haltStart = NEVER;
  }

  private countPoll(cycles: number, result: number): void {
    const success = result === SUCCESS;
    this.tally.add(AT.haltPolls + result, 1);
    this.tally.add(AT.haltPollCycles + result, cycles);
    if (success) this.tally.add(STAT.haltSuccessfulPoll, 1);
    this.tally.add(success ? STAT.haltPollSuccessNs : STAT.haltPollFailNs, nanosOf(cycles, this.settings.ghz));
  }
}
