/**
 * What the oracle knows of a host: plain objects, one per thing. The rules that move them stand in
 * the files beside this one, a file per part of KVM; none of them shares code with the engine.
 */
import { hostCodeScale } from "../../../src/cost/host-code.ts";
import type { ExitCost } from "../../../src/cost/plan.ts";
import type { Program, Vector } from "../../../src/guest/program.ts";
import type { CState } from "../../../src/hw/cstates.ts";
import type { ExitKindName } from "../../../src/kvm/exit-kinds.ts";
import type { MissCause } from "../../../src/kvm/counters.ts";
import type { ExitReason } from "../../../src/kvm/exits.ts";
import type { ResolvedGuest, ResolvedHost } from "../../../src/kvm/resolved.ts";
import type { Stream } from "../../../src/sim/random.ts";
import type { EventHeap, OracleEvent, What } from "./heap.ts";

export interface OracleCpu {
  readonly number: number;
  readonly actor: number;
  readonly nohzFull: boolean;
  readonly draws: Stream;
  /** What its ticks and device interrupts take. */
  readonly tickWork: Stream;
  readonly deviceWork: Stream;
  occupant: OracleVcpu | null;
  tick: OracleEvent | null;
  device: OracleEvent | null;
  /** Since when nothing runs here. */
  idleSince: number;
  /** Host interrupts are handled on the idle CPU in this stretch. */
  busyFrom: number;
  busyUntil: number;
}

/** The exit in flight. */
export interface OracleExit {
  kind: ExitKindName;
  cost: ExitCost;
  /** Costs of its other possible kinds. */
  readonly costs: ReadonlyMap<ExitKindName, ExitCost>;
  /** When the present stretch began: polling and sleeping are cut out. */
  since: number;
  /** Cycles of the stretches before it. */
  elapsed: number;
  /** Cycles from the effect to the end. */
  afterEffect: number;
  /** When host interrupts are let in, and when the last one let in is done. */
  interruptsOnAt: number;
  interruptsDoneAt: number;
  noise: number;
  /** What it takes longer as its code was displaced from the caches. */
  cold: number;
  flush: boolean;
  miss: MissCause | null;
  /** A request was found: on through the outer loop instead of re-entering. */
  leavesLoop: boolean;
  /** Whom its IPI goes to. */
  targets: OracleVcpu[];
  /** Cycles beyond the compiled cost, by component. */
  readonly extra: { handler: number; run_loop: number; host_interrupt: number; wakeup: number; timer_advance: number };
}

export interface OracleTimer {
  state: "off" | "hv" | "hrtimer" | "callback" | "posting" | "virtual";
  deadline: number | null;
  /** Armed by TSC_DEADLINE: an instant that the host may aim at ahead of time. A count is none. */
  byDeadline: boolean;
  /** Cycles between the expiries of a periodic timer, 0 for one that expires once. */
  period: number;
  cpu: OracleCpu;
  event: OracleEvent | null;
  pending: boolean;
  expiredDeadline: number | null;
  /** Deadline of the interrupt that the guest has not taken yet. */
  lateFor: number | null;
  advanceNs: number;
  advanceSettled: boolean;
}

export interface OracleVcpu {
  readonly index: number;
  readonly guest: ResolvedGuest;
  readonly cpu: OracleCpu;
  readonly program: Program;
  siblings: readonly OracleVcpu[];
  readonly costs: ReadonlyMap<ExitKindName, ExitCost>;
  /** Of an exit that follows an IBPB. */
  readonly coldCosts: ReadonlyMap<ExitKindName, ExitCost>;
  readonly noise: ReadonlyMap<ExitReason, Stream>;
  readonly canPostTimer: boolean;
  readonly canUseHvTimer: boolean;
  /** The CPU keeps this guest's deadlines. */
  readonly virtualTimer: boolean;
  /** kvm_lapic_hv_timer_in_use as it was before the vCPU blocked; or the CPU kept the deadline. */
  hvTimerInUse: boolean;
  readonly apicv: boolean;

  mode: "guest" | "exit" | "poll" | "blocked";
  /** When the stretch in the present mode began. */
  since: number;
  /** HLT or MWAIT inside the guest, without an exit. */
  haltedSince: number | null;
  /** When its core, woken in the guest, is out of its C-state; null while nothing has woken it. */
  coreAwakeAt: number | null;
  step: OracleEvent | null;
  arrival: OracleEvent | null;
  hostInterrupt: OracleEvent | null;
  notification: OracleEvent | null;
  notificationKicks: boolean;
  readonly pir: Set<Vector>;
  readonly irr: Set<Vector>;
  windowWanted: boolean;
  /** The bit in the guest's memory that stands for its next EOI. */
  eoiInMemory: boolean;
  /** xAPIC: the ICR's upper half was written, the lower one comes next. */
  destinationWritten: boolean;
  ipiSentAt: number | null;
  readonly timer: OracleTimer;
  pollWindowNs: number;
  haltStart: number;
  /** An IBPB ran in the last exit, or runs in the one in flight. */
  predictorsFlushed: boolean;
  /** Guest code that has yet to run with unpredicted branches. */
  unpredictedCycles: number;
  wakeRequested: boolean;
  exit: OracleExit | null;
  /** Shares of KVM's code that are still in the core's own caches, and on the chip at all. */
  inCore: number;
  onChip: number;
  /** Work of host interrupts that wait for the next VM entry to end at once. */
  waitingInterrupts: number;
}

/** An exit when it is complete. */
export interface ExitRecord {
  readonly vcpu: number;
  readonly exit: string;
  readonly total: number;
  readonly end: number;
}

export interface World {
  readonly resolved: ResolvedHost;
  readonly ghz: number;
  readonly hostCstates: readonly CState[];
  readonly guestCstates: readonly CState[];
  readonly heap: EventHeap;
  readonly counters: Map<string, number>;
  readonly cpus: OracleCpu[];
  readonly vcpus: OracleVcpu[];
  now: number;
  observer: ((record: ExitRecord) => void) | null;
}

export function count(world: World, name: string, amount = 1): void {
  world.counters.set(name, (world.counters.get(name) ?? 0) + amount);
}

/** Puts an event into the heap; one that never comes is none. */
export function schedule(world: World, actor: number, what: What, at: number): OracleEvent | null {
  if (at === Infinity) return null;
  const event = { at, actor, what, cancelled: false };
  world.heap.push(event);
  return event;
}

export function cancel(event: OracleEvent | null): null {
  if (event !== null) event.cancelled = true;
  return null;
}

/** What the vCPU itself does next. */
export function setStep(world: World, vcpu: OracleVcpu, what: What, at: number): void {
  cancel(vcpu.step);
  vcpu.step = schedule(world, vcpu.index, what, at);
}

/** The vCPU's next step comes later than it thought. */
export function delayStep(world: World, vcpu: OracleVcpu, cycles: number): void {
  if (vcpu.step !== null) setStep(world, vcpu, vcpu.step.what, vcpu.step.at + cycles);
}

export const stepAt = (vcpu: OracleVcpu): number => vcpu.step?.at ?? Infinity;

/** Cycles of a path of host kernel code on this host, slowed down by what its mitigations do to branches. */
export const software = (world: World, reference: number): number =>
  Math.round(reference * hostCodeScale(world.resolved.cpu, world.resolved.entryWork));

/** In the guest, or so close to it that host interrupts are off and the mode is IN_GUEST_MODE. */
export function inGuestMode(vcpu: OracleVcpu, now: number): boolean {
  if (vcpu.mode === "guest") return true;
  const { exit } = vcpu;
  if (vcpu.mode !== "exit" || exit === null) return false;
  if (reenters(exit) && !exit.leavesLoop) return true;
  return vcpu.step?.what === "end" && now >= vcpu.step.at - exit.cost.entry;
}

/** The exit goes back into the guest from the inner loop. */
export const reenters = (exit: OracleExit): boolean => exit.cost.interruptsOnAt === Infinity;
