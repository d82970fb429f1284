/** What each operation of a guest does to KVM: whether it exits, how, and to what effect. */
import { EXTRAS } from "../../../src/cost/paths.ts";
import { OP, VECTOR, type Op } from "../../../src/guest/program.ts";
import type { MissCause } from "../../../src/kvm/counters.ts";
import type { ExitKindName } from "../../../src/kvm/exit-kinds.ts";
import type { KernelTraits } from "../../../src/kvm/kernel.ts";
import type { FastpathDecision } from "../../../src/kvm/resolved.ts";
import { eoiExit, hasIcrHalves, icrSender, levelEoiExit, registerExit, selfIpiExit, shorthandToSelfIsVirtual } from "./apic.ts";
import { completed, deliver, wakerCycles, writtenByAvic } from "./delivery.ts";
import { addWork, becomes, computationLeft, exitByEvent, exitByOperation, notifyItself, stopAtEffect } from "./exits.ts";
import { hvTimerExpired, writeCount, writeDeadline, writeVirtualDeadline } from "./timer.ts";
import { setStep, software, type OracleVcpu, type World } from "./world.ts";

const ORDINARY = new Map<Op, ExitKindName>([
  [OP.cpuid, "cpuid"],
  [OP.portIo, "portIo"],
  [OP.mmio, "mmio"],
  [OP.pageFault, "eptViolation"],
  [OP.hypercall, "vmcall"],
  [OP.otherMsr, "otherMsr"],
  [OP.debugRegister, "drAccess"],
  [OP.hvEoi, "eoi"],
  [OP.other, "other"],
]);

/** Performs the operation that the program has come to; true when the guest was left. */
export function operate(world: World, vcpu: OracleVcpu, now: number): boolean {
  const { op } = vcpu.program;
  const ordinary = ORDINARY.get(op);
  if (ordinary !== undefined) return exits(world, vcpu, ordinary, now);
  switch (op) {
    case OP.apicRegister:
      return exits(world, vcpu, registerExit(world, vcpu)!, now);
    case OP.tscDeadline:
      return tscDeadline(world, vcpu, now);
    case OP.oneShot:
      return startCount(world, vcpu, registerExit(world, vcpu)!, 0, now);
    case OP.periodic:
      return startCount(world, vcpu, registerExit(world, vcpu)!, Math.max(vcpu.program.operand, Math.round(200_000 * world.ghz)), now);
    case OP.hvStimer:
      return startCount(world, vcpu, "otherMsr", 0, now);
    case OP.halt:
      return halt(world, vcpu, now);
    case OP.eoi:
      return endOfInterrupt(world, vcpu, now);
    case OP.levelEoi:
      return exitsOrNot(world, vcpu, levelEoiExit(world, vcpu), now);
    case OP.doorbell:
      return vcpu.guest.spec.assigned_device ? staysInGuest(vcpu) : exits(world, vcpu, "doorbell", now);
    case OP.pauseLoop:
      return vcpu.guest.pauseInGuest ? staysInGuest(vcpu) : exits(world, vcpu, "pauseLoop", now);
    case OP.selfIpi:
      return selfIpi(world, vcpu, now);
    case OP.hvSelfIpi:
      vcpu.irr.add(VECTOR.call);
      return exits(world, vcpu, "hvIcr", now);
    case OP.invd:
      return invd(world, vcpu, now);
    case OP.ipi:
    case OP.ipiLogical:
    case OP.ipiCluster:
    case OP.ipiShorthand:
    case OP.ipiSelf:
    case OP.ipiBroadcast:
    case OP.ipiHypercall:
    case OP.hvIpi:
      return sendIpi(world, vcpu, op, now);
    default:
      return staysInGuest(vcpu);
  }
}

function exits(world: World, vcpu: OracleVcpu, kind: ExitKindName, now: number): true {
  exitByOperation(world, vcpu, kind, now);
  return true;
}

const exitsOrNot = (world: World, vcpu: OracleVcpu, kind: ExitKindName | null, now: number): boolean =>
  kind === null ? staysInGuest(vcpu) : exits(world, vcpu, kind, now);

function staysInGuest(vcpu: OracleVcpu): false {
  vcpu.program.op = OP.none;
  vcpu.program.runCycles = 0;
  return false;
}

function tscDeadline(world: World, vcpu: OracleVcpu, now: number): boolean {
  const { cpu, fastpath, traits } = world.resolved;
  const deadline = vcpu.program.operand;
  if (vcpu.virtualTimer) {
    const takes = cpu.cycles.virtualTimerWrite.value;
    writeVirtualDeadline(world, vcpu, deadline, now + takes);
    staysInGuest(vcpu);
    vcpu.program.runCycles = takes;
    return false;
  }
  const { value: on, capable, missCause } = fastpath.tsc_deadline;
  const fast = on && (vcpu.canUseHvTimer || traits.tscDeadline === "unconditional");
  // In svm_vcpu_run itself there never was a loop.
  const loops = cpu.vendor === "intel" || traits.reentryLoop === "vcpu_enter_guest";
  const kind = fast ? (loops ? "tscDeadlineReenter" : "tscDeadlineHandled") : "tscDeadlineSlow";
  const exit = exitByOperation(world, vcpu, kind, now);
  if (!fast && capable) exit.miss = on ? "no_hv_timer" : missCause;
  const armed = writeDeadline(world, vcpu, deadline, now + exit.cost.effectAt);
  if (kind === "tscDeadlineReenter" && armed === "pending") becomes(world, vcpu, "tscDeadlineHandled");
  if (fast && armed === "injected") notifyItself(world, vcpu);
  if (vcpu.timer.state === "hrtimer") addWork(world, vcpu, "handler", software(world, EXTRAS.hrtimer.value));
  return true;
}

/** A timer that counts: to the instant in the operand, or over and over again. */
function startCount(world: World, vcpu: OracleVcpu, kind: ExitKindName, period: number, now: number): true {
  const { operand } = vcpu.program;
  const exit = exitByOperation(world, vcpu, kind, now);
  const at = now + exit.cost.effectAt;
  writeCount(world, vcpu, period === 0 ? operand : at + period, period, at);
  if (vcpu.timer.state === "hrtimer") addWork(world, vcpu, "handler", software(world, EXTRAS.hrtimer.value));
  return true;
}

export function preemptionTimerFired(world: World, vcpu: OracleVcpu, now: number): void {
  const decision = world.resolved.fastpath.preemption_timer;
  const fast: ExitKindName = vcpu.apicv ? "preemptionTimerReenter" : "preemptionTimerHandled";
  const exit = exitByEvent(world, vcpu, decision.value ? fast : "preemptionTimerSlow", now, computationLeft(vcpu, now));
  if (!decision.value) exit.miss = decision.missCause;
  hvTimerExpired(world, vcpu, now + exit.cost.effectAt);
  if (decision.value && vcpu.apicv) notifyItself(world, vcpu);
}

function halt(world: World, vcpu: OracleVcpu, now: number): boolean {
  vcpu.program.interruptible = true;
  if (vcpu.guest.hltInGuest || vcpu.guest.mwaitInGuest) {
    vcpu.haltedSince = now;
    vcpu.coreAwakeAt = null;
    return staysInGuest(vcpu);
  }
  const { value: fast, capable, missCause } = world.resolved.fastpath.hlt;
  const exit = exitByOperation(world, vcpu, fast ? "hltReenter" : "hlt", now);
  if (!fast && capable) exit.miss = missCause;
  stopAtEffect(world, vcpu);
  return true;
}

function invd(world: World, vcpu: OracleVcpu, now: number): true {
  const { value: fast, capable, missCause } = world.resolved.fastpath.invd;
  const exit = exitByOperation(world, vcpu, fast ? "invdReenter" : "invd", now);
  if (!fast && capable) exit.miss = missCause;
  return true;
}

function endOfInterrupt(world: World, vcpu: OracleVcpu, now: number): boolean {
  const kind = vcpu.eoiInMemory ? null : eoiExit(world, vcpu);
  vcpu.eoiInMemory = false;
  return exitsOrNot(world, vcpu, kind, now);
}

function selfIpi(world: World, vcpu: OracleVcpu, now: number): boolean {
  // The register belongs to the x2APIC; an xAPIC has the shorthand of its ICR.
  if (vcpu.guest.spec.apic === "xapic") return sendIpi(world, vcpu, OP.ipiSelf, now);
  vcpu.irr.add(VECTOR.call);
  return exitsOrNot(world, vcpu, selfIpiExit(world, vcpu), now);
}

type IpiOp =
  | typeof OP.ipi
  | typeof OP.ipiLogical
  | typeof OP.ipiCluster
  | typeof OP.ipiShorthand
  | typeof OP.ipiSelf
  | typeof OP.ipiBroadcast
  | typeof OP.ipiHypercall
  | typeof OP.hvIpi;
const WITH_DESTINATION: ReadonlySet<Op> = new Set([OP.ipi, OP.ipiLogical, OP.ipiCluster, OP.ipiBroadcast]);

function sendIpi(world: World, vcpu: OracleVcpu, asked: IpiOp, now: number): boolean {
  const { apic } = vcpu.guest.spec;
  // A guest in cluster mode has logical destinations only.
  const op = asked === OP.ipi && apic === "x2apic-cluster" ? OP.ipiLogical : asked;
  const { operand } = vcpu.program;
  const target = op === OP.ipi || op === OP.ipiLogical || op === OP.hvIpi ? operand : null;
  if (hasIcrHalves(world, vcpu) && WITH_DESTINATION.has(op) && !vcpu.destinationWritten) {
    exitByOperation(world, vcpu, "apicAccess", now);
    vcpu.destinationWritten = true;
    vcpu.program.op = asked;
    return true;
  }
  vcpu.destinationWritten = false;
  if (op === OP.ipiSelf && shorthandToSelfIsVirtual(world, vcpu)) {
    vcpu.irr.add(VECTOR.call);
    return staysInGuest(vcpu);
  }
  const whom = targets(vcpu, target, op);
  for (const one of whom) one.ipiSentAt ??= now;
  const sender = op === OP.ipiHypercall || op === OP.hvIpi ? "KVM" : icrSender(world, vcpu);
  if (sender === "VMX" && op === OP.ipi) {
    for (const one of whom) deliver(world, one, VECTOR.reschedule, now);
    return staysInGuest(vcpu);
  }
  if (sender === "AVIC" && avicSends(world, vcpu, whom, now)) {
    staysInGuest(vcpu);
    vcpu.program.runCycles = whom.length * world.resolved.cpu.cycles.avicIpiTarget.value;
    return false;
  }
  const { kind, miss } = icrExit(world, vcpu, op, sender);
  const exit = exitByOperation(world, vcpu, kind, now);
  exit.miss = miss;
  exit.targets = [...whom];
  // KVM goes through the targets one by one.
  if (whom.length > 1) addWork(world, vcpu, "handler", (whom.length - 1) * software(world, EXTRAS.ipiTarget.value));
  stopAtEffect(world, vcpu);
  return true;
}

/** AVIC writes the IPI into all targets' IRRs, and is done if each of them runs, as far as it is told. */
function avicSends(world: World, vcpu: OracleVcpu, whom: readonly OracleVcpu[], now: number): boolean {
  const told = world.resolved.ipiVirtualization.value;
  const others = whom.filter((one) => one !== vcpu);
  if (others.length < whom.length) vcpu.irr.add(VECTOR.reschedule);
  const running = (one: OracleVcpu): boolean => told && one.mode !== "blocked" && one.step?.what !== "asleep";
  const done = others.every(running);
  for (const one of others) {
    const after = (whom.indexOf(one) + 1) * world.resolved.cpu.cycles.avicIpiTarget.value;
    writtenByAvic(world, one, VECTOR.reschedule, now, running(one) ? after : null);
  }
  return done;
}

/** How a write of the ICR, or the hypercall in its stead, exits; and why it missed its fastpath, if it did. */
function icrExit(
  world: World,
  vcpu: OracleVcpu,
  op: IpiOp,
  sender: "KVM" | "VMX" | "AVIC",
): { kind: ExitKindName; miss: MissCause | null } {
  const { fastpath, traits } = world.resolved;
  if (op === OP.ipiHypercall) return { kind: "vmcall", miss: null };
  if (op === OP.hvIpi) return { kind: "hvIcr", miss: null };
  // The hardware traps what it cannot deliver by itself.
  if (sender === "VMX") return { kind: "apicWrite", miss: null };
  if (sender === "AVIC") return { kind: "avicIncompleteIpi", miss: null };
  const miss = icrMiss(vcpu, op, fastpath.icr, traits.icrAccepts);
  if (vcpu.guest.spec.apic === "xapic") return { kind: registerExit(world, vcpu)!, miss };
  if (miss !== null) return { kind: "icrSlow", miss };
  const kinds = { absent: "icrHandled", skip: "icrSkip", handled: "icrHandled", reenter: "icrReenter" } as const;
  return { kind: kinds[traits.icr], miss: null };
}

function icrMiss(
  vcpu: OracleVcpu,
  op: IpiOp,
  { value: on, missCause }: FastpathDecision,
  accepts: KernelTraits["icrAccepts"],
): MissCause | null {
  if (!on) return missCause;
  if (vcpu.guest.spec.apic === "xapic") return "not_x2apic";
  switch (op) {
    case OP.ipiShorthand:
      return "shorthand";
    case OP.ipiSelf:
      return accepts === "any_fast" ? null : "shorthand";
    case OP.ipiLogical:
    case OP.ipiCluster:
      return accepts === "any_fast" ? null : "logical_destination";
    case OP.ipiBroadcast:
      return accepts === "physical_fixed" ? null : "broadcast";
    default:
      return null;
  }
}

function targets(vcpu: OracleVcpu, target: number | null, op: IpiOp): readonly OracleVcpu[] {
  if (op === OP.ipiSelf) return [vcpu];
  if (target !== null) return vcpu.siblings.slice(target, target + 1);
  if (op === OP.ipiBroadcast) return vcpu.siblings;
  // A cluster has sixteen IDs from its first on, a hypercall 128; a shorthand knows no bounds.
  const size = op === OP.ipiCluster ? 16 : op === OP.ipiHypercall ? 128 : null;
  const first = vcpu.program.operand;
  const inside = (number: number): boolean => size === null || (number >= first && number < first + size);
  return vcpu.siblings.filter((sibling, number) => sibling !== vcpu && inside(number));
}

/** The next target sees the IPI, and the sender pays for waking it if it sleeps. */
export function deliverIpi(world: World, vcpu: OracleVcpu, now: number): void {
  const exit = vcpu.exit!;
  const one = exit.targets.shift();
  if (exit.targets.length > 0) {
    const next = software(world, EXTRAS.ipiTarget.value);
    exit.afterEffect -= next;
    setStep(world, vcpu, "effect", now + next);
  } else setStep(world, vcpu, "end", now + exit.afterEffect);
  if (one === undefined) return;
  if (one.step?.what === "poll over") addWork(world, vcpu, "wakeup", software(world, EXTRAS.pollingTarget.value));
  const slept =
    exit.kind === "avicIncompleteIpi" ? completed(world, one, VECTOR.reschedule, now) : deliver(world, one, VECTOR.reschedule, now);
  if (slept) addWork(world, vcpu, "wakeup", wakerCycles(world, true));
}
