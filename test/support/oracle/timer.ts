/** The guest's timer: armed as preemption timer or hrtimer, expired, posted or injected. */
import { EXTRAS } from "../../../src/cost/paths.ts";
import { VECTOR } from "../../../src/guest/program.ts";
import { hostInterrupt, timerTarget } from "./cpus.ts";
import { deliver, kick } from "./delivery.ts";
import { cancel, count, inGuestMode, schedule, software, type OracleVcpu, type World } from "./world.ts";

export type Armed = "off" | "armed" | "injected" | "pending";

export const advanceCycles = (world: World, vcpu: OracleVcpu): number => Math.round(vcpu.timer.advanceNs * world.ghz);

/** kvm_set_lapic_tscdeadline_msr; the deadline 0 disarms. */
export function writeDeadline(world: World, vcpu: OracleVcpu, deadline: number, now: number): Armed {
  vcpu.timer.byDeadline = true;
  return start(world, vcpu, deadline, 0, now);
}

/** The initial count of the LAPIC timer, or of a synthetic timer. */
export function writeCount(world: World, vcpu: OracleVcpu, deadline: number, period: number, now: number): Armed {
  vcpu.timer.byDeadline = false;
  return start(world, vcpu, deadline, period, now);
}

function start(world: World, vcpu: OracleVcpu, deadline: number, period: number, now: number): Armed {
  const { timer } = vcpu;
  stop(vcpu);
  timer.pending = false;
  timer.period = period;
  timer.deadline = deadline === 0 ? null : deadline;
  return deadline === 0 ? "off" : arm(world, vcpu, deadline, now);
}

function stop(vcpu: OracleVcpu): void {
  vcpu.timer.state = "off";
  vcpu.timer.event = cancel(vcpu.timer.event);
}

/** restart_apic_timer: the preemption timer if it may be used and reaches that far, else an hrtimer. */
function arm(world: World, vcpu: OracleVcpu, deadline: number, now: number): Armed {
  if (vcpu.virtualTimer && vcpu.timer.byDeadline) {
    // Nothing to arm: the entry will look.
    vcpu.timer.state = "virtual";
    return "armed";
  }
  const left = deadline - advanceCycles(world, vcpu) - now;
  if (!vcpu.canUseHvTimer || left >= 2 ** (32 + world.resolved.cpu.preemptionTimerShift)) return armHrtimer(world, vcpu, deadline, now);
  // A period that is over already is left to the exit that the preemption timer causes.
  if (left <= 0 && vcpu.timer.period === 0) return expired(world, vcpu, deadline, now, "preemption timer");
  vcpu.timer.state = "hv";
  return "armed";
}

/** start_sw_timer. */
function armHrtimer(world: World, vcpu: OracleVcpu, deadline: number, now: number): Armed {
  const { timer } = vcpu;
  let at = timer.byDeadline ? deadline - advanceCycles(world, vcpu) : deadline;
  stop(vcpu);
  if (at <= now) {
    const outcome = expired(world, vcpu, deadline, now, "arming");
    if (timer.period === 0) return outcome;
    at += timer.period;
    timer.deadline = at;
  }
  timer.state = "hrtimer";
  timer.cpu = timerTarget(world, vcpu.cpu, now);
  timer.event = schedule(world, vcpu.index, "hrtimer", Math.max(at, now));
  return "armed";
}

/** The guest's own write, which no exit tells of. */
export function writeVirtualDeadline(world: World, vcpu: OracleVcpu, deadline: number, now: number): void {
  const { timer } = vcpu;
  stop(vcpu);
  timer.byDeadline = true;
  timer.period = 0;
  timer.pending = false;
  timer.deadline = deadline === 0 ? null : deadline;
  if (timer.deadline === null) return;
  timer.state = "virtual";
  lookAtVirtualDeadline(world, vcpu, Math.max(now, deadline));
}

function lookAtVirtualDeadline(world: World, vcpu: OracleVcpu, at: number): void {
  vcpu.timer.event = schedule(world, vcpu.index, "virtual timer", at);
}

/** The CPU delivers; KVM hears nothing of it. */
export function virtualDeadlineOver(world: World, vcpu: OracleVcpu): void {
  const { timer } = vcpu;
  stop(vcpu);
  timer.lateFor = timer.deadline;
  timer.deadline = null;
  count(world, "expirations virtual");
  vcpu.irr.add(VECTOR.timer);
}

/** The preemption timer counts in the guest only. */
export function guestEntered(world: World, vcpu: OracleVcpu, now: number): void {
  const { timer } = vcpu;
  if (timer.state === "virtual" && timer.event === null) {
    lookAtVirtualDeadline(world, vcpu, Math.max(now, timer.deadline!));
  }
  if (timer.state !== "hv") return;
  timer.event = schedule(world, vcpu.index, "hv timer", Math.max(now, timer.deadline! - advanceCycles(world, vcpu)));
}

export function guestLeft(vcpu: OracleVcpu): void {
  if (vcpu.timer.state === "hv" || vcpu.timer.state === "virtual") vcpu.timer.event = cancel(vcpu.timer.event);
}

/** kvm_lapic_expired_hv_timer. */
export function hvTimerExpired(world: World, vcpu: OracleVcpu, now: number): void {
  const { timer } = vcpu;
  const deadline = timer.deadline!;
  stop(vcpu);
  count(world, "expirations preemption_timer");
  expired(world, vcpu, deadline, now, "preemption timer");
  if (timer.period === 0) return;
  timer.deadline = deadline + timer.period;
  arm(world, vcpu, timer.deadline, now);
}

/** The hrtimer's interrupt arrives at its CPU. */
export function hrtimerFired(world: World, vcpu: OracleVcpu, now: number): void {
  const { timer } = vcpu;
  timer.state = "callback";
  const done = hostInterrupt(world, timer.cpu, now, software(world, EXTRAS.hrtimerInterrupt.value));
  timer.event = schedule(world, vcpu.index, "hrtimer callback", done);
}

/** apic_timer_fn: posts into a running guest, where that is allowed; else leaves it to the vCPU. */
export function hrtimerCallback(world: World, vcpu: OracleVcpu, now: number): void {
  const { timer } = vcpu;
  const deadline = timer.deadline!;
  if (vcpu.canPostTimer && inGuestMode(vcpu, now) && !timer.pending) {
    timer.state = "posting";
    timer.expiredDeadline = null;
    timer.lateFor = deadline;
    timer.event = schedule(world, vcpu.index, "posting", timer.byDeadline ? waitOnHousekeeper(world, vcpu, deadline, now) : now);
    return;
  }
  stop(vcpu);
  count(world, vcpu.mode === "poll" || vcpu.mode === "blocked" ? "expirations wakeup" : "expirations hrtimer");
  expired(world, vcpu, deadline, now, "hrtimer");
  fireAgain(world, vcpu, deadline, now);
}

/** The CPU of the hrtimer waits for a deadline that it was fired ahead of; returns when. */
function waitOnHousekeeper(world: World, vcpu: OracleVcpu, deadline: number, now: number): number {
  const late = now - deadline;
  const wait = Math.min(Math.max(0, -late), advanceCycles(world, vcpu));
  adjustAdvance(world, vcpu, late);
  return wait === 0 ? now : hostInterrupt(world, vcpu.timer.cpu, now, wait);
}

/** A periodic hrtimer restarts itself. */
function fireAgain(world: World, vcpu: OracleVcpu, last: number, now: number): void {
  const { timer } = vcpu;
  if (timer.period === 0) return;
  timer.deadline = last + timer.period;
  timer.state = "hrtimer";
  timer.event = schedule(world, vcpu.index, "hrtimer", Math.max(now, timer.deadline));
}

export function timerPosted(world: World, vcpu: OracleVcpu, now: number): void {
  const { timer } = vcpu;
  const last = timer.deadline!;
  stop(vcpu);
  count(world, "expirations posted");
  timer.deadline = null;
  fireAgain(world, vcpu, last, now);
  deliver(world, vcpu, VECTOR.timer, now);
}

/** apic_timer_expired. */
function expired(world: World, vcpu: OracleVcpu, deadline: number, now: number, by: "preemption timer" | "hrtimer" | "arming"): Armed {
  const { timer } = vcpu;
  stop(vcpu);
  // The last period's interrupt waits still: this one is lost in it.
  if (timer.pending) return "pending";
  timer.expiredDeadline = timer.byDeadline || by === "preemption timer" ? deadline : null;
  timer.lateFor = deadline;
  if (vcpu.apicv && by !== "hrtimer") {
    if (timer.period === 0) timer.deadline = null;
    vcpu.pir.add(VECTOR.timer);
    return "injected";
  }
  timer.pending = true;
  if (by === "hrtimer") kick(world, vcpu, now);
  return "pending";
}

/** kvm_inject_pending_timer_irqs. */
export function injectPending(vcpu: OracleVcpu): void {
  const { timer } = vcpu;
  if (!timer.pending) return;
  timer.pending = false;
  if (timer.period === 0) timer.deadline = null;
  (vcpu.apicv ? vcpu.pir : vcpu.irr).add(VECTOR.timer);
}

/** The vCPU will not be in the guest: an hrtimer takes over. True when one had to. */
export function switchToHrtimer(world: World, vcpu: OracleVcpu, now: number): boolean {
  if (vcpu.timer.state !== "hv" && vcpu.timer.state !== "virtual") return false;
  vcpu.hvTimerInUse = true;
  armHrtimer(world, vcpu, vcpu.timer.deadline!, now);
  return true;
}

/** The vCPU runs again: back to the preemption timer, or (up to 5.16) whatever it is started anew. Returns the work of an hrtimer. */
export function switchToHvTimer(world: World, vcpu: OracleVcpu, now: number): number {
  const { preemptionTimer, traits } = world.resolved;
  const always = traits.hvTimerAfterBlock === "always" && preemptionTimer.value && vcpu.guest.spec.timer !== "hv_stimer";
  const restarts = always || vcpu.hvTimerInUse;
  vcpu.hvTimerInUse = false;
  if (vcpu.timer.state !== "hrtimer" || !restarts) return 0;
  stop(vcpu);
  arm(world, vcpu, vcpu.timer.deadline!, now);
  // What `arm` has made of it; the compiler still believes in "off".
  if ((vcpu.timer.state as string) !== "hrtimer") return 0;
  const work = software(world, EXTRAS.hrtimer.value);
  vcpu.exit!.extra.handler += work;
  return work;
}

/** adjust_lapic_timer_advance after a wait that began `late` cycles past the deadline. */
export function adjustAdvance(world: World, vcpu: OracleVcpu, late: number): void {
  const { timer } = vcpu;
  const delta = Math.abs(late);
  const deltaNs = delta / world.ghz;
  const sign = late < 0 ? -1 : 1;
  switch (world.resolved.timerAdvance.value.mode) {
    case "off":
    case "fixed":
      return;
    case "adaptive":
      if (delta < 100 || delta > 10_000) return;
      timer.advanceNs += sign * Math.floor(deltaNs / 8);
      if (timer.advanceNs > 5000 || timer.advanceNs < 0) timer.advanceNs = 1000;
      return;
    case "stepwise":
      if (!timer.advanceSettled) {
        timer.advanceNs += sign * Math.floor(Math.min(deltaNs, timer.advanceNs / 8));
        if (timer.advanceNs > 5000) {
          timer.advanceNs = 0;
          timer.advanceSettled = true;
        }
      }
      if (delta < 100) timer.advanceSettled = true;
  }
}
