/** A halted vCPU: it looks for events, polls, sleeps, and runs again. */
import { EXTRAS } from "../../../src/cost/paths.ts";
import { lostAsleep } from "./caches.ts";
import { letInterruptsIn, startTick, threadLeaves } from "./cpus.ts";
import { wakeSleeper } from "./delivery.ts";
import { endStretch } from "./exits.ts";
import { switchToHrtimer, switchToHvTimer } from "./timer.ts";
import { cancel, count, setStep, software, type OracleVcpu, type World } from "./world.ts";

const runnable = (vcpu: OracleVcpu): boolean => vcpu.pir.size > 0 || vcpu.irr.size > 0 || vcpu.timer.pending;

/**
 * handle_fastpath_hlt: with an interrupt already there it is back in the guest at once. If not, it
 * marks the vCPU as halted and leaves the inner loop; half of the outer loop later KVM looks again.
 */
export function haltFastpath(world: World, vcpu: OracleVcpu, now: number): void {
  const exit = vcpu.exit!;
  if (vcpu.pir.size > 0 || vcpu.irr.size > 0) {
    setStep(world, vcpu, "end", now + exit.afterEffect);
    return;
  }
  const cost = exit.costs.get("hltBlocks")!;
  exit.kind = "hltBlocks";
  exit.cost = cost;
  exit.miss = "must_block";
  exit.leavesLoop = true;
  exit.extra.run_loop = cost.leaveLoop;
  const firstHalf = Math.round(cost.leaveLoop / 2);
  exit.afterEffect += cost.leaveLoop - firstHalf;
  exit.interruptsOnAt = now;
  setStep(world, vcpu, "effect", now + firstHalf);
  letInterruptsIn(world, vcpu, now);
}

/** The HLT's own look for events. */
export function checkHalt(world: World, vcpu: OracleVcpu, now: number): void {
  const exit = vcpu.exit!;
  if (runnable(vcpu)) {
    setStep(world, vcpu, "end", now + exit.afterEffect);
    return;
  }
  if (switchToHrtimer(world, vcpu, now)) {
    // Arming the hrtimer takes its time, after which KVM looks once more.
    const work = software(world, EXTRAS.hrtimer.value);
    exit.extra.handler += work;
    setStep(world, vcpu, "effect", now + work);
    return;
  }
  vcpu.haltStart = now;
  vcpu.wakeRequested = false;
  // The guest may have turned polling off (MSR_KVM_POLL_CONTROL), where the kernel lets it.
  const turnedOff = vcpu.guest.spec.pv.haltpoll && world.resolved.traits.pollControl === "present";
  const window = turnedOff ? 0 : Math.round(vcpu.pollWindowNs * world.ghz);
  if (window === 0) {
    leaveCpu(world, vcpu, now);
    return;
  }
  count(world, "stat halt_attempted_poll");
  endStretch(world, vcpu, now);
  vcpu.mode = "poll";
  vcpu.since = now;
  setStep(world, vcpu, "poll over", now + window);
}

/** Polling ended: something came, or the window is over. */
export function pollEnded(world: World, vcpu: OracleVcpu, now: number, success: boolean): void {
  const cycles = now - vcpu.since;
  const ns = Math.round(cycles / world.ghz);
  count(world, "vcpu halt_poll", cycles);
  count(world, success ? "polls success" : "polls fail");
  count(world, success ? "poll cycles success" : "poll cycles fail", cycles);
  count(world, success ? "stat halt_poll_success_ns" : "stat halt_poll_fail_ns", ns);
  if (success) count(world, "stat halt_successful_poll");
  backInExit(vcpu, now);
  if (!success) {
    leaveCpu(world, vcpu, now);
    return;
  }
  adaptWindow(world, vcpu, now);
  const timerWork = switchToHvTimer(world, vcpu, now);
  setStep(world, vcpu, "end", now + timerWork + vcpu.exit!.afterEffect);
}

function backInExit(vcpu: OracleVcpu, now: number): void {
  vcpu.mode = "exit";
  vcpu.since = now;
  vcpu.exit!.since = now;
}

function leaveCpu(world: World, vcpu: OracleVcpu, now: number): void {
  const work = software(world, EXTRAS.scheduleOut.value);
  vcpu.exit!.extra.wakeup += work;
  setStep(world, vcpu, "asleep", now + work);
}

/** The thread has left its CPU. */
export function asleep(world: World, vcpu: OracleVcpu, now: number): void {
  endStretch(world, vcpu, now);
  vcpu.mode = "blocked";
  vcpu.since = now;
  vcpu.step = cancel(vcpu.step);
  threadLeaves(vcpu.cpu, now);
  if (vcpu.wakeRequested || runnable(vcpu)) wakeSleeper(world, vcpu, now);
}

/** The thread runs again. */
export function running(world: World, vcpu: OracleVcpu, now: number): void {
  const slept = now - vcpu.since;
  count(world, "vcpu halted", slept);
  count(world, "stat halt_wakeup");
  count(world, "stat halt_wait_ns", Math.round(slept / world.ghz));
  backInExit(vcpu, now);
  startTick(world, vcpu.cpu, now);
  adaptWindow(world, vcpu, now);
  const timerWork = switchToHvTimer(world, vcpu, now);
  const exit = vcpu.exit!;
  const work = software(world, EXTRAS.scheduleIn.value + EXTRAS.coldCaches.value * lostAsleep(vcpu, slept / world.ghz));
  exit.extra.wakeup += work;
  const flush = exit.flush ? 0 : exit.cost.conditionalFlush;
  if (flush > 0) exit.flush = true;
  setStep(world, vcpu, "end", now + work + timerWork + flush + exit.afterEffect);
}

/** kvm_vcpu_halt: how long to poll next time, seen how long this halt took. */
function adaptWindow(world: World, vcpu: OracleVcpu, now: number): void {
  const { mode, maxNs, grow, growStartNs, shrink, shrinkFloorNs } = world.resolved.haltPoll;
  const haltedNs = Math.round((now - vcpu.haltStart) / world.ghz);
  const window = vcpu.pollWindowNs;
  if (mode !== "adaptive" || haltedNs <= window) return;
  if (window > 0 && haltedNs > maxNs) {
    const shrunk = shrink === 0 ? 0 : Math.floor(window / shrink);
    vcpu.pollWindowNs = shrunk < shrinkFloorNs ? 0 : shrunk;
  } else if (window < maxNs && haltedNs < maxNs) vcpu.pollWindowNs = Math.min(maxNs, Math.max(window * grow, growStartNs));
}
