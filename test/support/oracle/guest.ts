/** In and out of the guest: the entry, interrupts taken, and the guest's own way from operation to operation. */
import { EXTRAS, GUEST_FOOTPRINT } from "../../../src/cost/paths.ts";
import { OP, VECTOR, type Vector } from "../../../src/guest/program.ts";
import { LATENCY_EDGES } from "../../../src/kvm/counters.ts";
import { coreAwakeAt, letInterruptsIn } from "./cpus.ts";
import { computationLeft, countExit, endStretch, exitByEvent } from "./exits.ts";
import { operate } from "./operations.ts";
import { adjustAdvance, advanceCycles, guestEntered, injectPending, virtualDeadlineOver } from "./timer.ts";
import { cancel, count, reenters, schedule, setStep, software, type OracleVcpu, type World } from "./world.ts";

/** The exit's last phase is over. */
export function finishExit(world: World, vcpu: OracleVcpu, now: number): void {
  const exit = vcpu.exit!;
  if (reenters(exit) && exit.extra.run_loop === 0 && (exit.leavesLoop || requestPending(vcpu))) {
    // kvm_vcpu_exit_request: something is asked of the vCPU, so on through the outer loop.
    exit.leavesLoop = true;
    exit.extra.run_loop = exit.cost.leaveLoop;
    setStep(world, vcpu, "end", now + exit.cost.leaveLoop);
    exit.interruptsOnAt = now;
    letInterruptsIn(world, vcpu, now);
    return;
  }
  if (!reenters(exit) || exit.leavesLoop) {
    // The outer loop looks whether the guest said its EOI, and asks no longer.
    vcpu.eoiInMemory = false;
    injectPending(vcpu);
  }
  const wait = waitForDeadline(world, vcpu, now);
  if (wait > 0) {
    exit.extra.timer_advance = wait;
    setStep(world, vcpu, "end", now + wait);
    return;
  }
  endStretch(world, vcpu, now);
  countExit(world, vcpu, now);
  enter(world, vcpu, now);
}

/** vcpu->requests: a timer to inject, or an event that no entry has looked at yet. */
const requestPending = (vcpu: OracleVcpu): boolean => vcpu.timer.pending || (!vcpu.apicv && vcpu.irr.size > 0 && !vcpu.windowWanted);

/** __kvm_wait_lapic_expire: cycles to wait for the deadline of a timer that was fired early. */
function waitForDeadline(world: World, vcpu: OracleVcpu, now: number): number {
  const { timer } = vcpu;
  if (timer.expiredDeadline === null || !(vcpu.pir.has(VECTOR.timer) || vcpu.irr.has(VECTOR.timer))) return 0;
  const late = now - vcpu.exit!.cost.afterWait - timer.expiredDeadline;
  const wait = Math.min(Math.max(0, -late), advanceCycles(world, vcpu));
  timer.expiredDeadline = null;
  adjustAdvance(world, vcpu, late);
  return wait;
}

function enter(world: World, vcpu: OracleVcpu, now: number): void {
  vcpu.mode = "guest";
  vcpu.coreAwakeAt = null;
  vcpu.since = now;
  vcpu.exit = null;
  if (vcpu.predictorsFlushed) vcpu.unpredictedCycles = GUEST_FOOTPRINT.value;
  vcpu.step = cancel(vcpu.step);
  syncPostedInterrupts(vcpu);
  vcpu.notification = cancel(vcpu.notification);
  vcpu.notificationKicks = false;
  if (vcpu.waitingInterrupts > 0 || vcpu.hostInterrupt !== null) {
    vcpu.hostInterrupt = cancel(vcpu.hostInterrupt);
    exitByEvent(world, vcpu, "externalInterrupt", now, vcpu.program.runCycles);
    return;
  }
  if (!vcpu.apicv) {
    // Event injection: one vector an entry, an interrupt window for the others.
    if (takesInterrupts(vcpu) && vcpu.irr.size > 0) {
      takeInterrupt(world, vcpu, now);
      vcpu.eoiInMemory = vcpu.guest.spec.pv.eoi && vcpu.irr.size === 0;
    }
    vcpu.windowWanted = vcpu.irr.size > 0;
  }
  if (runGuest(world, vcpu, now)) guestEntered(world, vcpu, now);
}

function syncPostedInterrupts(vcpu: OracleVcpu): void {
  for (const vector of vcpu.pir) vcpu.irr.add(vector);
  vcpu.pir.clear();
}

const takesInterrupts = (vcpu: OracleVcpu): boolean => vcpu.program.interruptible || vcpu.haltedSince !== null;

/** The guest goes on until it is left (false), sleeps, or computes for a while. */
function runGuest(world: World, vcpu: OracleVcpu, now: number): boolean {
  const { program } = vcpu;
  for (;;) {
    if (vcpu.apicv && vcpu.irr.size > 0 && takesInterrupts(vcpu)) takeInterrupt(world, vcpu, now);
    if (vcpu.haltedSince !== null) {
      vcpu.step = cancel(vcpu.step);
      return true;
    }
    if (vcpu.windowWanted && program.interruptible) {
      vcpu.windowWanted = false;
      exitByEvent(world, vcpu, "interruptWindow", now, program.runCycles);
      return false;
    }
    if (program.runCycles > 0) {
      const unpredicted = Math.min(vcpu.unpredictedCycles, program.runCycles);
      vcpu.unpredictedCycles -= unpredicted;
      program.runCycles += Math.round(unpredicted * world.resolved.cpu.cycles.predictorRefill.value);
      setStep(world, vcpu, "guest step", now + program.runCycles);
      return true;
    }
    if (program.op === OP.none) program.next(now as Parameters<typeof program.next>[0]);
    else if (operate(world, vcpu, now)) return false;
  }
}

/** A stretch of computation is over. */
export function guestStep(world: World, vcpu: OracleVcpu, now: number): void {
  vcpu.program.runCycles = 0;
  runGuest(world, vcpu, now);
}

/** A host interrupt hits the guest. */
export function hostInterruptInGuest(world: World, vcpu: OracleVcpu, now: number): void {
  vcpu.hostInterrupt = null;
  if (vcpu.mode === "guest") exitByEvent(world, vcpu, "externalInterrupt", now, computationLeft(vcpu, now));
}

/** A physical IPI arrives that was sent to a running guest. */
export function notified(world: World, vcpu: OracleVcpu, now: number): void {
  const awakeAt = coreAwakeAt(world, vcpu, now);
  if (awakeAt > now) {
    vcpu.notification = schedule(world, vcpu.index, "notification", awakeAt);
    return;
  }
  const kicks = vcpu.notificationKicks;
  vcpu.notification = null;
  vcpu.notificationKicks = false;
  if (vcpu.mode !== "guest") return;
  if (kicks) {
    vcpu.waitingInterrupts += software(world, EXTRAS.reschedule.value);
    exitByEvent(world, vcpu, "externalInterrupt", now, computationLeft(vcpu, now));
    return;
  }
  syncPostedInterrupts(vcpu);
  lookForInterrupts(world, vcpu, now);
}

export function virtualTimerFired(world: World, vcpu: OracleVcpu, now: number): void {
  virtualDeadlineOver(world, vcpu);
  lookForInterrupts(world, vcpu, now);
}

/** In the middle of the guest's computation, or of its sleep. */
function lookForInterrupts(world: World, vcpu: OracleVcpu, now: number): void {
  if (vcpu.haltedSince === null) vcpu.program.runCycles = computationLeft(vcpu, now);
  runGuest(world, vcpu, now);
}

/** The guest takes the highest vector that is pending. */
function takeInterrupt(world: World, vcpu: OracleVcpu, now: number): void {
  const vector = Math.max(...vcpu.irr) as Vector;
  vcpu.irr.delete(vector);
  if (!vcpu.apicv) count(world, "stat irq_injections");
  vcpu.haltedSince = null;
  const delivered = world.resolved.cpu.cycles.interruptDelivery.value;
  const takenAt = now + delivered;
  const { timer, program } = vcpu;
  if (vector === VECTOR.timer && timer.lateFor !== null) {
    countLatency(world, "timer", Math.max(0, takenAt - timer.lateFor));
    timer.lateFor = null;
  }
  if (vector === VECTOR.reschedule && vcpu.ipiSentAt !== null) {
    countLatency(world, "ipi", takenAt - vcpu.ipiSentAt);
    vcpu.ipiSentAt = null;
  }
  program.interrupt(vector, takenAt as Parameters<typeof program.interrupt>[1], program.runCycles);
  program.runCycles += delivered;
}

function countLatency(world: World, what: "timer" | "ipi", cycles: number): void {
  const edge = LATENCY_EDGES.find((upper) => cycles <= upper);
  count(world, `${what} latency ${edge === undefined ? "above" : `up to ${edge}`}`);
  count(world, `${what} latency cycles`, cycles);
}
