/** Interrupts on their way to a vCPU: posting, kicking, waking. */
import { EXTRAS } from "../../../src/cost/paths.ts";
import type { Vector } from "../../../src/guest/program.ts";
import { idleExitCycles } from "./cpus.ts";
import { inGuestMode, reenters, schedule, setStep, software, type OracleVcpu, type World } from "./world.ts";

/** Delivers a vector; true when that had to wake a sleeping thread. */
export function deliver(world: World, vcpu: OracleVcpu, vector: Vector, now: number): boolean {
  if (!vcpu.apicv) {
    vcpu.irr.add(vector);
    return kick(world, vcpu, now);
  }
  // VMX' descriptor says that its vCPU knows already; SVM has no such bit.
  if (vcpu.pir.has(vector) && world.resolved.cpu.vendor === "intel") return false;
  vcpu.pir.add(vector);
  return tell(world, vcpu, now);
}

function tell(world: World, vcpu: OracleVcpu, now: number): boolean {
  if (vcpu.mode !== "guest") return wake(world, vcpu, now);
  notify(world, vcpu, now, false);
  return false;
}

/** AVIC sets the vector; the doorbell of a running vCPU rings later, where it rings at all. */
export function writtenByAvic(world: World, vcpu: OracleVcpu, vector: Vector, now: number, ringsAfter: number | null): void {
  vcpu.pir.add(vector);
  // Who polls sees it in memory.
  if (vcpu.mode === "poll") wake(world, vcpu, now);
  if (vcpu.mode === "guest" && ringsAfter !== null) notify(world, vcpu, now + ringsAfter, false);
}

/** KVM completes what AVIC has written: a doorbell, or a wake-up. True when it woke a thread. */
export function completed(world: World, vcpu: OracleVcpu, vector: Vector, now: number): boolean {
  return vcpu.pir.has(vector) ? tell(world, vcpu, now) : false;
}

/** Gets the vCPU to look at its requests: out of the guest, or awake. True when it woke a thread. */
export function kick(world: World, vcpu: OracleVcpu, now: number): boolean {
  if (vcpu.mode === "guest") notify(world, vcpu, now, true);
  else if (!inGuestMode(vcpu, now)) return wake(world, vcpu, now);
  else if (reenters(vcpu.exit!)) vcpu.exit!.leavesLoop = true;
  // Too late for the look at requests: the reschedule interrupt ends the entry at once.
  else vcpu.waitingInterrupts += software(world, EXTRAS.reschedule.value);
  return false;
}

function notify(world: World, vcpu: OracleVcpu, now: number, kicks: boolean): void {
  vcpu.notificationKicks ||= kicks;
  vcpu.notification ??= schedule(world, vcpu.index, "notification", now + world.resolved.cpu.cycles.ipiFlight.value);
}

/** kvm_vcpu_wake_up. True when there was a sleeping thread to wake. */
function wake(world: World, vcpu: OracleVcpu, now: number): boolean {
  switch (vcpu.step?.what) {
    case "poll over":
      setStep(world, vcpu, "poll noticed", now + software(world, EXTRAS.pollNotice.value));
      return false;
    case "asleep": {
      // On its way to sleep: it will not get far.
      const first = !vcpu.wakeRequested;
      vcpu.wakeRequested = true;
      return first;
    }
    case undefined:
      if (vcpu.mode !== "blocked") return false;
      wakeSleeper(world, vcpu, now);
      return true;
    default:
      return false;
  }
}

/** try_to_wake_up, by the waiter's kind and by where the waker runs. */
export function wakerCycles(world: World, remote: boolean): number {
  const { wakeSwait, wakeRcuwait, wakeRemote } = EXTRAS;
  const wait = world.resolved.traits.waiter === "swait" ? wakeSwait.value : wakeRcuwait.value;
  return software(world, remote ? wait + wakeRemote.value : wait);
}

/** The thread will run as soon as its CPU has left its C-state and done what interrupts brought. */
export function wakeSleeper(world: World, vcpu: OracleVcpu, now: number): void {
  const { timer } = vcpu;
  const wokenByOwnCpu = timer.pending && timer.cpu === vcpu.cpu;
  const flight = wokenByOwnCpu ? 0 : world.resolved.cpu.cycles.ipiFlight.value;
  setStep(
    world,
    vcpu,
    "running",
    Math.max(now + wakerCycles(world, !wokenByOwnCpu) + flight + idleExitCycles(world, vcpu.cpu, now), vcpu.cpu.busyUntil),
  );
}
