/**
 * Kinds of exit as the run loop tells them apart: a reason, where it is handled, how far it
 * gets. The metrics see the cell; the cost model sees handler and variant.
 */
import type { Variant } from "../cost/plan.ts";
import type { HandlerName } from "../cost/paths.ts";
import type { Vendor } from "../hw/cpu-model.ts";
import type { MsrLabel, Path } from "./exit.ts";
import { CELLS, EXITS, cellIndex, type Cell, type ExitReason } from "./exits.ts";
import { KVM_STATS, type KvmStat } from "./kvm-stats.ts";
import { FASTPATH_NAMES } from "./fastpaths.ts";

export interface ExitKind {
  readonly reason: ExitReason;
  /** Index of its cell among each vendor's, or NO_CELL where that vendor has no such exit. */
  readonly cells: Readonly<Record<Vendor, number>>;
  /** Whose cycles it costs on each vendor's hosts. */
  readonly handlers: Readonly<Record<Vendor, HandlerName>>;
  readonly variant: Variant;
  readonly userspace: boolean;
  /** The handler asks for a conditional L1D flush. */
  readonly flushesL1d: boolean;
  /** Index of the fastpath that this exit hit, or -1. */
  readonly hit: number;
  /** Index of the KVM statistic that counts it beside `exits`, or -1. */
  readonly stat: number;
}

const STAT_OF: Partial<Record<ExitReason, KvmStat>> = {
  EXTERNAL_INTERRUPT: "irq_exits",
  HLT: "halt_exits",
  IO_INSTRUCTION: "io_exits",
  INTERRUPT_WINDOW: "irq_window_exits",
  VMCALL: "hypercalls",
};

type Handlers = HandlerName | ExitKind["handlers"];

function kind(reason: ExitReason, path: Path, handler: Handlers, variant: Variant = "slow", msr: MsrLabel = ""): ExitKind {
  const exit = EXITS[reason];
  const capable: Partial<Record<MsrLabel, (typeof FASTPATH_NAMES)[number]>> = exit.capable;
  const fastpath = capable[msr];
  const stat = path === "userspace" && reason === "EPT_MISCONFIG" ? "mmio_exits" : STAT_OF[reason];
  return {
    reason,
    cells: { intel: cellIndex("intel", reason, path, msr), amd: cellIndex("amd", reason, path, msr) },
    handlers: typeof handler === "string" ? { intel: handler, amd: handler } : handler,
    variant,
    userspace: path === "userspace",
    flushesL1d: exit.flushesL1d || path === "userspace",
    hit: path === "fastpath" && fastpath !== undefined ? FASTPATH_NAMES.indexOf(fastpath) : -1,
    stat: stat === undefined ? -1 : KVM_STATS.indexOf(stat),
  };
}

export const EXIT_KINDS = {
  tscDeadlineSlow: kind("MSR_WRITE", "kernel", "tscDeadline", "slow", "tsc_deadline"),
  /** The fastpath ran, but a pending timer made it leave the inner loop. */
  tscDeadlineHandled: kind("MSR_WRITE", "fastpath", "tscDeadline", "handled", "tsc_deadline"),
  tscDeadlineReenter: kind("MSR_WRITE", "fastpath", "tscDeadline", "reenter", "tsc_deadline"),
  icrSlow: kind("MSR_WRITE", "kernel", "icr", "slow", "icr"),
  icrSkip: kind("MSR_WRITE", "fastpath", "icr", "skip", "icr"),
  icrHandled: kind("MSR_WRITE", "fastpath", "icr", "handled", "icr"),
  icrReenter: kind("MSR_WRITE", "fastpath", "icr", "reenter", "icr"),
  eoi: kind("MSR_WRITE", "kernel", "eoi", "slow", "eoi"),
  otherMsr: kind("MSR_WRITE", "kernel", "otherMsr", "slow", "other"),
  /** Hyper-V's ICR does what the ICR does, and has no fastpath. */
  hvIcr: kind("MSR_WRITE", "kernel", "icr", "slow", "other"),
  preemptionTimerSlow: kind("PREEMPTION_TIMER", "kernel", "preemptionTimer"),
  preemptionTimerHandled: kind("PREEMPTION_TIMER", "fastpath", "preemptionTimer", "handled"),
  preemptionTimerReenter: kind("PREEMPTION_TIMER", "fastpath", "preemptionTimer", "reenter"),
  externalInterrupt: kind("EXTERNAL_INTERRUPT", "kernel", "externalInterrupt"),
  hlt: kind("HLT", "kernel", "hlt"),
  hltReenter: kind("HLT", "fastpath", "hlt", "reenter"),
  /** The fastpath found nothing to wake up for: out of the inner loop, to block. Costs of leaving come on top. */
  hltBlocks: kind("HLT", "kernel", "hlt", "reenter"),
  cpuid: kind("CPUID", "kernel", "cpuid"),
  portIo: kind("IO_INSTRUCTION", "userspace", "portIo"),
  eptViolation: kind("EPT_VIOLATION", "kernel", "eptViolation"),
  /** The page is mapped, and only protected to see who writes to it. */
  writeProtection: kind("EPT_VIOLATION", "kernel", "writeProtection"),
  pmlFull: kind("PML_FULL", "kernel", "pmlFull"),
  doorbell: kind("EPT_MISCONFIG", "kernel", { intel: "doorbell", amd: "emulatedDoorbell" }),
  mmio: kind("EPT_MISCONFIG", "userspace", "mmio"),
  pauseLoop: kind("PAUSE_INSTRUCTION", "kernel", "pauseLoop"),
  interruptWindow: kind("INTERRUPT_WINDOW", "kernel", "interruptWindow"),
  levelEoi: kind("EOI_INDUCED", "kernel", "levelEoi"),
  vmcall: kind("VMCALL", "kernel", "vmcall"),
  drAccess: kind("DR_ACCESS", "kernel", "drAccess"),
  apicWrite: kind("APIC_WRITE", "kernel", "apicWrite"),
  apicAccess: kind("APIC_ACCESS", "kernel", { intel: "apicAccess", amd: "apicPageFault" }),
  avicIncompleteIpi: kind("AVIC_INCOMPLETE_IPI", "kernel", "avicIncompleteIpi"),
  other: kind("OTHER", "kernel", "other"),
  invd: kind("INVD", "kernel", "invd"),
  invdReenter: kind("INVD", "fastpath", "invd", "reenter"),
} as const satisfies Record<string, ExitKind>;

export type ExitKindName = keyof typeof EXIT_KINDS;
export const EXIT_KIND_NAMES = Object.keys(EXIT_KINDS) as ExitKindName[];
export const KIND_LIST: readonly ExitKind[] = Object.values(EXIT_KINDS);
/** Numbers of the kinds, for the hot path. */
export const KIND = Object.fromEntries(EXIT_KIND_NAMES.map((name, index) => [name, index])) as Record<ExitKindName, number>;

/** Cell of each kind on this vendor's hosts, by the kind's number. */
export const cellsOfKinds = (vendor: Vendor): Int32Array => Int32Array.from(KIND_LIST, ({ cells }) => cells[vendor]);

/** The cell under which a host of this vendor counts the kind; throws when it has no such exits. */
export function cellOf({ reason, cells }: ExitKind, vendor: Vendor): Cell {
  const cell = CELLS[vendor][cells[vendor]];
  if (cell === undefined) throw new RangeError(`${vendor} has no exits ${reason}`);
  return cell;
}
