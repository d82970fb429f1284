/** Physical CPUs: ticks, device interrupts, idle states, and what a host interrupt does to whoever runs there. */
import { tailTable } from "../../../src/cost/noise.ts";
import { EXTRAS, INTERRUPT_SPREAD } from "../../../src/cost/paths.ts";
import { idleExitNs } from "../../../src/hw/cstates.ts";
import type { Stream } from "../../../src/sim/random.ts";
import { exponential, readQuantile } from "../../../src/sim/samplers.ts";
import { displaceBy } from "./caches.ts";
import {
  cancel,
  count,
  delayStep,
  inGuestMode,
  reenters,
  type OracleExit,
  schedule,
  setStep,
  software,
  stepAt,
  type OracleCpu,
  type OracleVcpu,
  type World,
} from "./world.ts";

function isIdle(cpu: OracleCpu, now: number): boolean {
  return (cpu.occupant === null || cpu.occupant.mode === "blocked") && cpu.busyUntil <= now;
}

/** How long an idle CPU takes to leave its C-state; the governor foresaw how long it would sleep. */
export function idleExitCycles(world: World, cpu: OracleCpu, now: number): number {
  if (!isIdle(cpu, now)) return 0;
  return Math.round(idleExitNs(world.hostCstates, (now - cpu.idleSince) / world.ghz) * world.ghz);
}

/**
 * The core under a vCPU that sleeps by its own HLT (C1 at most) or MWAIT since it halted, or since the last
 * entry, leaves its C-state when the first event comes; the others wait for that. When it is awake.
 */
export function coreAwakeAt(world: World, vcpu: OracleVcpu, now: number): number {
  if (vcpu.mode !== "guest" || vcpu.haltedSince === null) return now;
  const states =
    vcpu.guest.mwaitInGuest && !vcpu.program.haltsOnly ? world.guestCstates : world.guestCstates.filter(({ name }) => name === "c1");
  const slept = now - Math.max(vcpu.haltedSince, vcpu.since);
  vcpu.coreAwakeAt ??= now + Math.round(idleExitNs(states, slept / world.ghz) * world.ghz);
  return Math.max(now, vcpu.coreAwakeAt);
}

/** Starts the CPU's tick if it should tick and does not. */
export function startTick(world: World, cpu: OracleCpu, now: number): void {
  if (cpu.tick !== null || !wantsTick(cpu)) return;
  const period = Math.round((world.ghz * 1e9) / world.resolved.spec.host_hz);
  cpu.tick = schedule(world, cpu.actor, "tick", period * (Math.floor(now / period) + 1));
}

/** CPU 0 keeps the time and always ticks; another ticks while a thread runs on it, unless it is nohz_full. */
function wantsTick(cpu: OracleCpu): boolean {
  if (cpu.number === 0) return true;
  return !cpu.nohzFull && cpu.occupant !== null && cpu.occupant.mode !== "blocked";
}

export function startDevice(world: World, cpu: OracleCpu, now: number): void {
  const { device_interrupts_per_second: perSecond } = world.resolved.spec;
  if (cpu.nohzFull || perSecond === 0) return;
  const mean = (world.ghz * 1e9) / perSecond;
  cpu.device = schedule(world, cpu.actor, "device", now + exponential(cpu.draws.next(), mean));
}

export function tickFired(world: World, cpu: OracleCpu, now: number): void {
  cpu.tick = null;
  startTick(world, cpu, now);
  hostInterrupt(world, cpu, now, workOf(world, EXTRAS.hostTick.value, INTERRUPT_SPREAD.tick.value, cpu.tickWork));
}

export function deviceFired(world: World, cpu: OracleCpu, now: number): void {
  startDevice(world, cpu, now);
  hostInterrupt(world, cpu, now, workOf(world, EXTRAS.hostDevice.value, INTERRUPT_SPREAD.device.value, cpu.deviceWork));
}

/** An interrupt's work: log-normal about its mean. */
const workOf = (world: World, mean: number, cv: number, draws: Stream): number =>
  software(world, mean * readQuantile(tailTable(cv), draws.next()));

/** The vCPU's thread leaves its CPU, which is idle from now on. */
export function threadLeaves(cpu: OracleCpu, now: number): void {
  cpu.idleSince = now;
  if (cpu.number !== 0) cpu.tick = cancel(cpu.tick);
}

/** get_nohz_timer_target: a nohz_full CPU hands its timer to the nearest housekeeping CPU that is not idle. */
export function timerTarget(world: World, cpu: OracleCpu, now: number): OracleCpu {
  if (world.resolved.traits.hrtimerPinned || !cpu.nohzFull) return cpu;
  const socketOf = ({ number }: OracleCpu): number => (number < world.cpus.length / 2 ? 0 : 1);
  const near = world.cpus.filter((one) => !one.nohzFull && socketOf(one) === socketOf(cpu));
  const far = world.cpus.filter((one) => !one.nohzFull && socketOf(one) !== socketOf(cpu));
  const housekeepers = [...near, ...far];
  return housekeepers.find((one) => !isIdle(one, now)) ?? housekeepers[0] ?? cpu;
}

/** A host interrupt arrives with `work` cycles to do; returns when they are done. */
export function hostInterrupt(world: World, cpu: OracleCpu, now: number, work: number): number {
  const vcpu = cpu.occupant;
  if (vcpu === null || vcpu.mode === "blocked") return onIdleCpu(world, cpu, now, work);
  if (vcpu.mode === "poll") {
    // Polling notices nothing of it, but interrupt entry asks for the next L1D flush.
    vcpu.exit!.afterEffect += askForFlush(vcpu);
    displaceBy(vcpu, work);
    return now + work;
  }
  if (vcpu.mode === "guest") {
    vcpu.hostInterrupt ??= schedule(world, vcpu.index, "host interrupt", coreAwakeAt(world, vcpu, now));
    return afterNextExit(vcpu, vcpu.hostInterrupt!.at, work);
  }
  const overAt = vcpu.step!.what === "effect" ? vcpu.step!.at + vcpu.exit!.afterEffect : vcpu.step!.at;
  if (inInnerLoop(vcpu.exit!)) {
    // It is to leave the inner loop, and lets them in when it does.
    vcpu.waitingInterrupts += work;
    return overAt + vcpu.waitingInterrupts;
  }
  if (inGuestMode(vcpu, now)) return afterNextExit(vcpu, overAt, work);
  return inExit(world, vcpu, now, work);
}

/** local_irq_enable within an exit: host interrupts that came meanwhile are let in. */
export function letInterruptsIn(world: World, vcpu: OracleVcpu, now: number): void {
  const waiting = vcpu.waitingInterrupts;
  vcpu.waitingInterrupts = 0;
  if (waiting > 0) hostInterrupt(world, vcpu.cpu, now, waiting);
}

/** Asked to leave the inner loop, and still in it, with host interrupts off. */
const inInnerLoop = (exit: OracleExit): boolean => reenters(exit) && exit.leavesLoop && exit.extra.run_loop === 0;

/** Host interrupts are off until the next EXTERNAL_INTERRUPT exit, in which the work is done. */
function afterNextExit(vcpu: OracleVcpu, exitAt: number, work: number): number {
  vcpu.waitingInterrupts += work;
  return exitAt + vcpu.costs.get("externalInterrupt")!.effectAt + vcpu.waitingInterrupts;
}

function inExit(world: World, vcpu: OracleVcpu, now: number, work: number): number {
  const exit = vcpu.exit!;
  exit.interruptsDoneAt = Math.max(now, exit.interruptsOnAt, exit.interruptsDoneAt) + work;
  exit.extra.host_interrupt += work;
  displaceBy(vcpu, work);
  const flush = askForFlush(vcpu);
  if (vcpu.step!.what === "end") delayStep(world, vcpu, work + flush);
  else if (vcpu.step!.what === "effect" && vcpu.step!.at <= exit.interruptsOnAt) exit.afterEffect += work + flush;
  else {
    delayStep(world, vcpu, work);
    exit.afterEffect += flush;
  }
  return exit.interruptsDoneAt;
}

/** Cycles that a conditional L1D flush, asked for now, adds before the entry. */
function askForFlush(vcpu: OracleVcpu): number {
  const exit = vcpu.exit!;
  if (exit.flush || exit.cost.conditionalFlush === 0) return 0;
  exit.flush = true;
  return exit.cost.conditionalFlush;
}

function onIdleCpu(world: World, cpu: OracleCpu, now: number, work: number): number {
  const waking = cpu.occupant !== null && cpu.occupant.step?.what === "running" ? cpu.occupant : null;
  const awakeAt = Math.min(now + idleExitCycles(world, cpu, now), waking === null ? Infinity : stepAt(waking));
  const begin = Math.max(awakeAt, cpu.busyUntil);
  if (begin > cpu.busyUntil) cpu.busyFrom = begin;
  cpu.busyUntil = begin + work;
  cpu.idleSince = cpu.busyUntil;
  count(world, "cpu housekeeping", work);
  if (waking !== null && stepAt(waking) < cpu.busyUntil) setStep(world, waking, "running", cpu.busyUntil);
  return cpu.busyUntil;
}

/** Work that was counted and lies still ahead. */
export const unfinishedWork = (cpu: OracleCpu, now: number): number => Math.max(0, cpu.busyUntil - Math.max(now, cpu.busyFrom));
