/** An exit from its beginning to its end, and what it leaves in the counters. */
import type { Component } from "../../../src/cost/components.ts";
import { COMPONENT_NAMES } from "../../../src/cost/components.ts";
import { EXTRAS } from "../../../src/cost/paths.ts";
import { OP } from "../../../src/guest/program.ts";
import { EXIT_CYCLE_EDGES } from "../../../src/kvm/counters.ts";
import { cellOf, EXIT_KINDS, type ExitKindName } from "../../../src/kvm/exit-kinds.ts";
import { FASTPATH_NAMES } from "../../../src/kvm/fastpaths.ts";
import { KVM_STATS } from "../../../src/kvm/kvm-stats.ts";
import { readQuantile } from "../../../src/sim/samplers.ts";
import { exitLabel } from "../counter-names.ts";
import { coldCycles, displaceBy } from "./caches.ts";
import { guestLeft } from "./timer.ts";
import { count, delayStep, setStep, software, type OracleExit, type OracleVcpu, type World } from "./world.ts";

/** The guest is left by an operation, which is thereby done. */
export function exitByOperation(world: World, vcpu: OracleVcpu, kind: ExitKindName, now: number): OracleExit {
  vcpu.program.op = OP.none;
  vcpu.program.runCycles = 0;
  return begin(world, vcpu, kind, now);
}

/** The guest is left in the middle of a computation, of which `left` cycles remain. */
export function exitByEvent(world: World, vcpu: OracleVcpu, kind: ExitKindName, now: number, left: number): OracleExit {
  if (vcpu.haltedSince === null) vcpu.program.runCycles = left;
  return begin(world, vcpu, kind, now);
}

/** Cycles of the present computation that are left in the guest. */
export const computationLeft = (vcpu: OracleVcpu, now: number): number =>
  vcpu.step === null ? vcpu.program.runCycles : vcpu.step.at - now;

function begin(world: World, vcpu: OracleVcpu, kind: ExitKindName, now: number): OracleExit {
  const ran = now - vcpu.since;
  count(world, "vcpu guest", ran);
  guestLeft(vcpu);
  const costs = vcpu.predictorsFlushed ? vcpu.coldCosts : vcpu.costs;
  const cost = costs.get(kind)!;
  vcpu.predictorsFlushed = cost.flushesPredictors;
  const { reason, flushesL1d } = EXIT_KINDS[kind];
  const flush = flushesL1d && cost.conditionalFlush > 0;
  const draw = vcpu.noise.get(reason)!.next();
  const noise = Math.round(readQuantile(cost.spreadTable, draw) * cost.spreadScale);
  const cold = coldCycles(vcpu, cost, ran, draw);
  const interrupts = kind === "externalInterrupt" ? vcpu.waitingInterrupts : 0;
  vcpu.waitingInterrupts -= interrupts;
  displaceBy(vcpu, interrupts);
  const exit: OracleExit = {
    kind,
    cost,
    costs,
    since: now,
    elapsed: 0,
    afterEffect: 0,
    interruptsOnAt: now + cost.interruptsOnAt,
    interruptsDoneAt: now,
    noise,
    cold,
    flush,
    miss: null,
    leavesLoop: false,
    targets: [],
    extra: { handler: 0, run_loop: 0, host_interrupt: interrupts, wakeup: 0, timer_advance: 0 },
  };
  vcpu.mode = "exit";
  vcpu.since = now;
  vcpu.exit = exit;
  setStep(world, vcpu, "end", now + cost.total + noise + cold + (flush ? cost.conditionalFlush : 0) + interrupts);
  return exit;
}

/** Its effect gets an instant of its own: when others see the IPI, when a HLT looks for events. */
export function stopAtEffect(world: World, vcpu: OracleVcpu): void {
  const exit = vcpu.exit!;
  const effectAt = exit.since + exit.cost.effectAt;
  exit.afterEffect = vcpu.step!.at - effectAt;
  setStep(world, vcpu, "effect", effectAt);
}

export function addWork(world: World, vcpu: OracleVcpu, component: keyof OracleExit["extra"], cycles: number): void {
  vcpu.exit!.extra[component] += cycles;
  delayStep(world, vcpu, cycles);
}

/** The notification that 379a3c8ee444 does away with: a physical IPI to the CPU that sends it. */
export function notifyItself(world: World, vcpu: OracleVcpu): void {
  const { cpu, traits } = world.resolved;
  // AVIC rings no doorbell of the CPU that it runs on.
  if (cpu.vendor === "amd" || traits.selfNotification === "skipped") return;
  addWork(world, vcpu, "handler", software(world, EXTRAS.selfNotification.value));
}

/** The exit turns out to be of another kind before any time has passed. */
export function becomes(world: World, vcpu: OracleVcpu, kind: ExitKindName): void {
  const exit = vcpu.exit!;
  const cost = exit.costs.get(kind)!;
  delayStep(world, vcpu, cost.total - exit.cost.total);
  exit.interruptsOnAt = exit.since + cost.interruptsOnAt;
  exit.kind = kind;
  exit.cost = cost;
}

/** A stretch of the exit is over: the vCPU polls, sleeps, or enters the guest. */
export function endStretch(world: World, vcpu: OracleVcpu, now: number): void {
  const exit = vcpu.exit!;
  exit.elapsed += now - exit.since;
  count(world, "vcpu exit", now - exit.since);
}

/** Counts the exit, whose last stretch has ended. */
export function countExit(world: World, vcpu: OracleVcpu, now: number): void {
  const { kind: name, cost, elapsed, extra, flush, miss, noise, cold, leavesLoop } = vcpu.exit!;
  const kind = EXIT_KINDS[name];
  const label = exitLabel(cellOf(kind, world.resolved.cpu.vendor));
  count(world, `exits ${label}`);
  count(world, `cycles ${label}`, elapsed);
  const edge = EXIT_CYCLE_EDGES.find((upper) => elapsed <= upper);
  count(world, `exits ${label} ${edge === undefined ? "above" : `up to ${edge}`}`);
  const component = (what: Component, cycles: number): void => count(world, `component ${what}`, cycles);
  COMPONENT_NAMES.forEach((what, i) => component(what, cost.components[i]!));
  component(COMPONENT_NAMES[cost.spreadInto]!, noise + cold);
  component("handler", extra.handler);
  component("run_loop", extra.run_loop);
  component("host_interrupt", extra.host_interrupt);
  component("wakeup", extra.wakeup);
  component("timer_advance", extra.timer_advance);
  count(world, "cpu exit_mitigation", cost.mitigation);
  if (flush) {
    component("l1d_flush", cost.conditionalFlush);
    count(world, "cpu exit_mitigation", cost.conditionalFlush);
  }
  if (flush || cost.flushesAlways) count(world, "stat l1d_flush");
  if (kind.hit >= 0) count(world, `hits ${FASTPATH_NAMES[kind.hit]!}`);
  else if (miss !== null) count(world, `misses ${missedBy(name)} ${miss}`);
  if (world.resolved.traits.exitsStatCountsReentry || kind.variant !== "reenter" || leavesLoop) count(world, "stat exits");
  if (kind.stat >= 0) count(world, `stat ${KVM_STATS[kind.stat]!}`);
  world.observer?.({ vcpu: vcpu.index, exit: label, total: elapsed, end: now });
}

/** The fastpath that a missed exit could have taken. */
function missedBy(kind: ExitKindName): string {
  switch (kind) {
    case "tscDeadlineSlow":
      return "tsc_deadline";
    case "preemptionTimerSlow":
      return "preemption_timer";
    case "hlt":
    case "hltBlocks":
      return "hlt";
    case "invd":
      return "invd";
    default:
      return "icr";
  }
}
