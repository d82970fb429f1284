/**
 * The part of an explanation about exits: what each thing that a guest of this kind does exits
 * with on this host, and what that costs, piece by piece. Nothing is decided here: a bare guest
 * with the VM's settings does each thing once on the engine, and the exit is looked at.
 */
import { COMPONENT_NAMES, type Component, componentIndex } from "../cost/components.ts";
import { OP, type Op } from "../guest/program.ts";
import { type Line, ScriptProgram } from "../guest/script.ts";
import { cellOf, type ExitKind } from "./exit-kinds.ts";
import type { Cell } from "./exits.ts";
import { KvmHost } from "./host.ts";
import type { ResolvedGuest, ResolvedHost } from "./resolved.ts";
import type { Vcpu } from "./vcpu.ts";

/** What one thing that a guest does comes to. */
export interface ExplainedExit {
  readonly operation: string;
  /** Null: it does not exit. */
  readonly exit: Pick<Cell, "reason" | "msr" | "path"> | null;
  /** Host TSC cycles without noise, waiting and the waking of sleepers; 0 without an exit. */
  readonly cycles: number;
  /** What spends them; pieces of nothing are left out. */
  readonly components: Readonly<Partial<Record<Component, number>>>;
}

interface Operation {
  readonly name: string;
  readonly lines: readonly Line[];
  /** Exits that are not the operation's own: those that arm what it waits for, those of the host's tick. */
  readonly isOther: (kind: ExitKind) => boolean;
}

const SOON = 100_000;
const FAR = 1e9;
/** Longer than any exit. */
const LONG = 1_000_000;
/** A host whose CPUs see no interrupt of their own in the first milliseconds. */
const QUIET_SEED = 2;

const isTick = ({ reason }: ExitKind): boolean => reason === "EXTERNAL_INTERRUPT";
const isArming = ({ reason }: ExitKind): boolean => reason === "MSR_WRITE" || reason === "APIC_WRITE" || reason === "APIC_ACCESS";

const once = (name: string, op: Op, operand = 0): Operation => ({
  name,
  lines: [{ compute: SOON, op, operand }],
  isOther: isTick,
});

/** The write by which a guest of this kind arms its timer `after` cycles from now. */
function arming({ spec }: ResolvedGuest, after: number): Line {
  switch (spec.timer) {
    case "tsc_deadline":
      return { compute: SOON, op: OP.tscDeadline, after };
    case "lapic":
      return { compute: SOON, op: OP.oneShot, after };
    case "hv_stimer":
      return { compute: SOON, op: OP.hvStimer, after };
  }
}

function operationsOf(guest: ResolvedGuest): readonly Operation[] {
  const soon = arming(guest, SOON);
  return [
    { name: "timer armed", lines: [arming(guest, FAR)], isOther: isTick },
    { name: "timer expires while the guest computes", lines: [soon, { compute: LONG, op: OP.none }], isOther: isArming },
    ...(guest.cpus.length > 1 ? [once("IPI to one other vCPU", OP.ipi, 1)] : []),
    once("end of an edge-triggered interrupt", OP.eoi),
    { name: "HLT", lines: [soon, { compute: 0, op: OP.halt }], isOther: (kind) => isArming(kind) || isTick(kind) },
    once("CPUID", OP.cpuid),
    once("hypercall", OP.hypercall),
    once("page not mapped yet", OP.pageFault),
    once("doorbell that ioeventfd takes", OP.doorbell),
    once("port of a device in QEMU", OP.portIo),
    once("memory of a device in QEMU", OP.mmio),
  ];
}

/** What the exits of one VM cost on its first vCPU's CPU. */
export function explainExits(host: ResolvedHost, guest: ResolvedGuest): readonly ExplainedExit[] {
  return operationsOf(guest).map((operation) => {
    const seen = observe(host, guest, operation);
    const { name } = operation;
    if (seen === null) return { operation: name, exit: null, cycles: 0, components: {} };
    const { reason, msr, path } = cellOf(seen.kind, host.cpu.vendor);
    return { operation: name, exit: { reason, msr, path }, ...seen.cost };
  });
}

/** The first exit of the operation's own, or null when there is none. */
function observe(host: ResolvedHost, guest: ResolvedGuest, { lines, isOther }: Operation) {
  const alone = { ...guest, cpus: guest.cpus.slice(0, 2) };
  const programs = alone.cpus.map((_, number) => new ScriptProgram(number === 0 ? lines : []));
  const kvm = new KvmHost({ ...host, guests: [alone] }, QUIET_SEED, () => programs);
  let seen: { kind: ExitKind; cost: Pick<ExplainedExit, "cycles" | "components"> } | null = null;
  kvm.observe((vcpu, kind) => {
    if (seen === null && vcpu.index === 0 && !isOther(kind)) seen = { kind, cost: costOf(vcpu) };
  });
  kvm.advance(2 * LONG);
  return seen as { kind: ExitKind; cost: Pick<ExplainedExit, "cycles" | "components"> } | null;
}

/** The pieces of the exit that has just ended, without its noise; a heavy-tailed handler with its mean. */
function costOf(vcpu: Vcpu): Pick<ExplainedExit, "cycles" | "components"> {
  const parts = Array.from(vcpu.cost?.components ?? []);
  const add = (component: Component, cycles: number): void => {
    const index = componentIndex(component);
    parts[index] = (parts[index] ?? 0) + cycles;
  };
  if (vcpu.hasExtras) {
    add("handler", vcpu.handlerCycles);
    add("run_loop", vcpu.loopCycles);
    add("host_interrupt", vcpu.interruptCycles);
  }
  // What is spread into the handler is the handler itself.
  if (vcpu.cost?.spreadInto === componentIndex("handler")) add("handler", vcpu.cost.spreadScale);
  if (vcpu.flush) add("l1d_flush", vcpu.cost?.conditionalFlush ?? 0);
  const entries = COMPONENT_NAMES.map((name, i) => [name, parts[i] ?? 0] as const).filter(([, cycles]) => cycles !== 0);
  return { cycles: entries.reduce((sum, [, cycles]) => sum + cycles, 0), components: Object.fromEntries(entries) };
}
