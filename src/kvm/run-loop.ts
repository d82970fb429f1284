/**
 * vcpu_enter_guest and the inner loop of vmx_vcpu_run: from a VM exit to the next entry, phase by
 * phase. Time passes between the phases, so what happens meanwhile elsewhere is seen where the
 * kernel would see it: a posted interrupt at the entry, a kick at the end of the fastpath, a host
 * interrupt where host interrupts are on.
 *
 * Linux arch/x86/kvm/x86.c vcpu_enter_guest, arch/x86/kvm/vmx/vmx.c vmx_vcpu_run.
 */
import { GUEST_FOOTPRINT } from "../cost/paths.ts";
import type { ExitCost } from "../cost/plan.ts";
import type { Stream } from "../sim/random.ts";
import { readQuantile } from "../sim/samplers.ts";
import { OP, VECTOR } from "../guest/program.ts";
import { nearest } from "../lib/nearest.ts";
import { NEVER, type Instant } from "../lib/units.ts";
import type { Accounting } from "./accounting.ts";
import { AT, VCPU_STATES } from "./counters.ts";
import { KIND, KIND_LIST, type ExitKind } from "./exit-kinds.ts";
import { EXIT_REASONS } from "./exits.ts";
import { asleepInGuest } from "./guest-halt.ts";
import type { LapicTimer } from "./lapic-timer.ts";
import { refillPredictors } from "./branch-predictors.ts";
import { handlePending } from "./pending-interrupts.ts";
import { askForEoiInMemory, takeEoiBack } from "./pv-eoi.ts";
import { takeInterrupt } from "./take-interrupt.ts";
import { adjustAdvance } from "./timer-advance.ts";
import type { Tally } from "./tally.ts";
import { PHASE, STATE, type Vcpu } from "./vcpu.ts";
import { breakOff } from "./vcpu-time.ts";

const GUEST = AT.vcpuCycles + VCPU_STATES.indexOf("guest");
const EXIT = AT.vcpuCycles + VCPU_STATES.indexOf("exit");
/** Number of each kind's reason, for its stream of noise. */
const REASON_OF_KIND = KIND_LIST.map((kind) => EXIT_REASONS.indexOf(kind.reason));

export interface RunLoopSettings {
  readonly ghz: number;
  /** Cycles of the reschedule interrupt that kicks a vCPU out of the guest. */
  readonly rescheduleCycles: number;
  /** Cycles in which the guest's CPU gets to an interrupt's handler. */
  readonly interruptDelivery: number;
  /** Cycles that each cycle of code takes more when it first runs after an IBPB. */
  readonly predictorRefill: number;
}

interface RunLoopNeeds {
  readonly settings: RunLoopSettings;
  readonly timer: LapicTimer;
  readonly accounting: Accounting;
  readonly tally: Tally;
  /** Performs the operation the guest has come to; true when it exited. */
  readonly execute: (vcpu: Vcpu, now: Instant) => boolean;
  /** schedule() for a vCPU that is to give way; true when another thread takes its CPU. */
  readonly reschedule: (vcpu: Vcpu, now: Instant) => boolean;
  /** local_irq_enable within an exit. */
  readonly letInterruptsIn: (vcpu: Vcpu, now: Instant) => void;
}

/** Told of each exit when it is complete; for traces and tests. */
export type ExitObserver = (vcpu: Vcpu, kind: ExitKind, total: number, end: Instant) => void;

export class RunLoop {
  settings: RunLoopSettings;
  observer: ExitObserver | null = null;
  private readonly timer: LapicTimer;
  private readonly accounting: Accounting;
  private readonly tally: Tally;
  private readonly execute: (vcpu: Vcpu, now: Instant) => boolean;
  private readonly needs: RunLoopNeeds;

  constructor(needs: RunLoopNeeds) {
    this.settings = needs.settings;
    this.timer = needs.timer;
    this.accounting = needs.accounting;
    this.tally = needs.tally;
    this.execute = needs.execute;
    this.needs = needs;
  }

  /** The guest is left. The operation that caused it is complete, as seen from the program. */
  exitByOperation(vcpu: Vcpu, kind: number, now: Instant): void {
    vcpu.program.op = OP.none;
    vcpu.program.runCycles = 0;
    this.beginExit(vcpu, kind, now);
  }

  /** The guest is left in the middle of a stretch of computation. */
  exitByEvent(vcpu: Vcpu, kind: number, now: Instant): void {
    if (!vcpu.haltedInGuest) breakOff(vcpu, now);
    this.beginExit(vcpu, kind, now);
  }

  /** Gives the exit in flight a phase of its own at its effect. */
  stopAtEffect(vcpu: Vcpu): void {
    const cost = vcpu.cost as ExitCost;
    vcpu.phase = PHASE.effect;
    vcpu.afterEffect = vcpu.stepAt - vcpu.since - cost.effectAt;
    vcpu.stepAt = (vcpu.since + cost.effectAt) as Instant;
  }

  /** Replaces the kind of the exit in flight before time has passed (it could not re-enter). */
  retarget(vcpu: Vcpu, kind: number): void {
    const begun = vcpu.since;
    const before = vcpu.cost as ExitCost;
    const after = vcpu.exitCosts[kind] as ExitCost;
    vcpu.kind = kind;
    vcpu.cost = after;
    vcpu.interruptsOnAt = (begun + after.interruptsOnAt) as Instant;
    vcpu.stepAt = (vcpu.stepAt + after.total - before.total) as Instant;
  }

  /** Work that the handler of the exit in flight has besides its ordinary path. */
  addHandlerWork(vcpu: Vcpu, cycles: number): void {
    vcpu.hasExtras = true;
    vcpu.handlerCycles += cycles;
    vcpu.stepAt = (vcpu.stepAt + cycles) as Instant;
  }

  /** The sender of an IPI wakes its target's thread. */
  addWakeWork(vcpu: Vcpu, cycles: number): void {
    vcpu.hasExtras = true;
    vcpu.wakeCycles += cycles;
    vcpu.stepAt = (vcpu.stepAt + cycles) as Instant;
  }

  /** The last phase is over: the guest is entered, unless something keeps the exit going. */
  end(vcpu: Vcpu, now: Instant): void {
    const cost = vcpu.cost as ExitCost;
    const reenters = cost.interruptsOnAt === Infinity;
    if (reenters && vcpu.loopCycles === 0 && (vcpu.leavesLoop || vcpu.needResched || vcpu.hasRequest())) {
      // kvm_vcpu_exit_request found a request: the outer loop after all.
      vcpu.leavesLoop = true;
      vcpu.hasExtras = true;
      vcpu.loopCycles = cost.leaveLoop;
      vcpu.stepAt = (now + cost.leaveLoop) as Instant;
      vcpu.interruptsOnAt = now;
      this.needs.letInterruptsIn(vcpu, now);
      return;
    }
    if (!reenters || vcpu.leavesLoop) {
      takeEoiBack(vcpu);
      this.timer.injectPending(vcpu);
    }
    if (vcpu.needResched && this.needs.reschedule(vcpu, now)) return;
    if (this.waitForDeadline(vcpu, now, cost)) return;
    const last = now - vcpu.since;
    const total = vcpu.elapsed + last;
    this.tally.add(EXIT, last);
    this.accounting.exit(vcpu, total);
    if (this.observer !== null) this.observer(vcpu, KIND_LIST[vcpu.kind] as ExitKind, total, now);
    this.enter(vcpu, now);
  }

  /** The physical notification of a posted interrupt, or a kick, arrives. */
  notified(vcpu: Vcpu, now: Instant): void {
    const kick = vcpu.notifyIsKick;
    vcpu.notifyAt = NEVER;
    vcpu.notifyIsKick = false;
    if (vcpu.state !== STATE.guest) return;
    if (kick) {
      vcpu.pendingInterruptCycles += this.settings.rescheduleCycles;
      this.exitByEvent(vcpu, KIND.externalInterrupt, now);
      return;
    }
    vcpu.irr |= vcpu.pir;
    vcpu.pir = 0;
    this.lookAtIrr(vcpu, now);
  }

  /** The CPU evaluates the virtual IRR in the middle of the guest's computation. */
  lookAtIrr(vcpu: Vcpu, now: Instant): void {
    if (!vcpu.haltedInGuest) breakOff(vcpu, now);
    this.settle(vcpu, now);
  }

  /** The guest has come to the end of a stretch of computation. */
  step(vcpu: Vcpu, now: Instant): void {
    if (vcpu.writes !== null && vcpu.writes.rest > 0) {
      this.exitByEvent(vcpu, vcpu.writes.write(now), now);
      return;
    }
    vcpu.program.runCycles = 0;
    this.settle(vcpu, now);
  }

  private beginExit(vcpu: Vcpu, kind: number, now: Instant): void {
    const ran = now - vcpu.since;
    this.tally.add(GUEST, ran);
    this.timer.leaveGuest(vcpu);
    const costs = vcpu.coldPredictors ? vcpu.coldCosts : vcpu.costs;
    const cost = costs[kind] as ExitCost;
    vcpu.exitCosts = costs;
    vcpu.coldPredictors = cost.flushesPredictors;
    if (vcpu.haltedInGuest) vcpu.sleptInGuest += asleepInGuest(vcpu, now);
    vcpu.state = STATE.exit;
    vcpu.exitedAt = now;
    vcpu.since = now;
    vcpu.kind = kind;
    vcpu.cost = cost;
    vcpu.phase = PHASE.end;
    vcpu.elapsed = 0;
    vcpu.miss = -1;
    vcpu.leavesLoop = false;
    if (vcpu.hasExtras) vcpu.clearExtras();
    vcpu.interruptsOnAt = (now + cost.interruptsOnAt) as Instant;
    vcpu.interruptsDoneAt = now;
    const draw = (vcpu.noiseDraws[REASON_OF_KIND[kind] as number] as Stream).next();
    vcpu.noise = nearest(readQuantile(cost.spreadTable, draw) * cost.spreadScale);
    vcpu.flush = cost.conditionalFlush > 0 && (KIND_LIST[kind] as ExitKind).flushesL1d;
    let total = cost.total + vcpu.noise + vcpu.caches.exit(cost, ran, draw) + (vcpu.flush ? cost.conditionalFlush : 0);
    if (kind === KIND.externalInterrupt) total += handlePending(vcpu);
    if (vcpu.writes !== null) {
      vcpu.writes.ran(now);
      if (cost.interruptsOnAt !== Infinity) total += vcpu.writes.flush(vcpu);
    }
    vcpu.stepAt = (now + total) as Instant;
  }

  /** `__kvm_wait_lapic_expire`: true when the entry has to wait on. */
  private waitForDeadline(vcpu: Vcpu, now: Instant, cost: ExitCost): boolean {
    if (vcpu.expiredDeadline === NEVER || ((vcpu.pir | vcpu.irr) & VECTOR.timer) === 0) return false;
    const late = now - cost.afterWait - vcpu.expiredDeadline;
    vcpu.expiredDeadline = NEVER;
    const wait = Math.min(Math.max(-late, 0), this.timer.advanceCycles(vcpu));
    adjustAdvance(vcpu.advance, late * (vcpu.tscGhz / this.settings.ghz), vcpu.tscGhz);
    if (wait === 0) return false;
    vcpu.hasExtras = true;
    vcpu.waitCycles = wait;
    vcpu.stepAt = (now + wait) as Instant;
    return true;
  }

  enter(vcpu: Vcpu, now: Instant): void {
    vcpu.state = STATE.guest;
    vcpu.since = now;
    vcpu.cost = null;
    // Halted in the guest, the core goes to sleep again.
    vcpu.wokenAt = NEVER;
    if (vcpu.coldPredictors) vcpu.refillLeft = GUEST_FOOTPRINT.value;
    vcpu.irr |= vcpu.pir;
    vcpu.pir = 0;
    vcpu.notifyAt = NEVER;
    vcpu.notifyIsKick = false;
    if (vcpu.stop !== null) return vcpu.stop(now);
    if (vcpu.pendingInterruptCycles > 0 || vcpu.hostInterruptAt !== NEVER) {
      // A host interrupt is pending: the entry ends with an exit before the guest's first instruction.
      vcpu.hostInterruptAt = NEVER;
      vcpu.stepAt = (now + vcpu.program.runCycles) as Instant;
      this.exitByEvent(vcpu, KIND.externalInterrupt, now);
      return;
    }
    if (!vcpu.apicv) this.injectOne(vcpu, now);
    this.settle(vcpu, now);
    if (vcpu.state === STATE.guest) this.timer.enterGuest(vcpu, now);
  }

  /** Event injection without APICv: one vector at an entry; the others wait for a window. */
  private injectOne(vcpu: Vcpu, now: Instant): void {
    if (vcpu.irr !== 0 && (vcpu.program.interruptible || vcpu.haltedInGuest)) {
      this.take(vcpu, now);
      askForEoiInMemory(vcpu);
    }
    vcpu.windowWanted = vcpu.irr !== 0;
  }

  /** The guest goes on: takes interrupts, and runs to its next operation that is not at once. */
  private settle(vcpu: Vcpu, now: Instant): void {
    const { program } = vcpu;
    if (vcpu.writes !== null) vcpu.writes.ran(now);
    for (;;) {
      if (vcpu.apicv && vcpu.irr !== 0 && (program.interruptible || vcpu.haltedInGuest)) this.take(vcpu, now);
      if (vcpu.haltedInGuest) {
        vcpu.stepAt = NEVER;
        return;
      }
      if (vcpu.windowWanted && program.interruptible) {
        vcpu.windowWanted = false;
        vcpu.stepAt = (now + program.runCycles) as Instant;
        this.exitByEvent(vcpu, KIND.interruptWindow, now);
        return;
      }
      if (program.runCycles > 0) {
        if (vcpu.refillLeft > 0) refillPredictors(vcpu, this.settings.predictorRefill);
        vcpu.stepAt = (now + program.runCycles) as Instant;
        if (vcpu.writes !== null) vcpu.writes.runs(vcpu, now);
        return;
      }
      if (program.op === OP.none) program.next(now);
      else if (this.execute(vcpu, now)) return;
    }
  }

  private take(vcpu: Vcpu, now: Instant): void {
    takeInterrupt(vcpu, now, this.settings.interruptDelivery, this.accounting, this.tally);
  }
}
