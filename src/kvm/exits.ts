/**
 * The catalogue of exit reasons, under the kernel's constants: those of asm/vmx.h, and of
 * asm/svm.h where only AMD has the reason.
 */
import type { Vendor } from "../hw/cpu-model.ts";
import { formOf, type Exit, type MsrLabel, type Path } from "./exit.ts";
import { apicAccess } from "./exits/apic-access.ts";
import { apicWrite } from "./exits/apic-write.ts";
import { avicIncompleteIpi } from "./exits/avic-incomplete-ipi.ts";
import { cpuid } from "./exits/cpuid.ts";
import { drAccess } from "./exits/dr-access.ts";
import { eoiInduced } from "./exits/eoi-induced.ts";
import { eptMisconfig } from "./exits/ept-misconfig.ts";
import { eptViolation } from "./exits/ept-violation.ts";
import { externalInterrupt } from "./exits/external-interrupt.ts";
import { hlt } from "./exits/hlt.ts";
import { other } from "./exits/other.ts";
import { invd } from "./exits/invd.ts";
import { interruptWindow } from "./exits/interrupt-window.ts";
import { ioInstruction } from "./exits/io-instruction.ts";
import { msrWrite } from "./exits/msr-write.ts";
import { pauseInstruction } from "./exits/pause-instruction.ts";
import { pmlFull } from "./exits/pml-full.ts";
import { preemptionTimer } from "./exits/preemption-timer.ts";
import { vmcall } from "./exits/vmcall.ts";

export const EXITS = {
  MSR_WRITE: msrWrite,
  PREEMPTION_TIMER: preemptionTimer,
  EXTERNAL_INTERRUPT: externalInterrupt,
  HLT: hlt,
  CPUID: cpuid,
  IO_INSTRUCTION: ioInstruction,
  EPT_VIOLATION: eptViolation,
  EPT_MISCONFIG: eptMisconfig,
  PAUSE_INSTRUCTION: pauseInstruction,
  INTERRUPT_WINDOW: interruptWindow,
  EOI_INDUCED: eoiInduced,
  VMCALL: vmcall,
  APIC_WRITE: apicWrite,
  APIC_ACCESS: apicAccess,
  AVIC_INCOMPLETE_IPI: avicIncompleteIpi,
  PML_FULL: pmlFull,
  DR_ACCESS: drAccess,
  INVD: invd,
  OTHER: other,
} as const satisfies Record<string, Exit>;

export type ExitReason = keyof typeof EXITS;
export const EXIT_REASONS = Object.keys(EXITS) as ExitReason[];
/** Stands for the cell of a reason that the vendor does not have. */
export const NO_CELL = -1;

/** One line of `kvm_exits_total`: a reason, what it wrote, and where it was handled. */
export interface Cell {
  readonly index: number;
  /** The reason under the vendor's name. */
  readonly reason: string;
  readonly msr: MsrLabel;
  readonly path: Path;
  /** Which hosts export it: all, those with a workload that causes it, or none. */
  readonly shownBy: "all" | "some" | "none";
}

const SHOWN_FIRST: readonly Cell["shownBy"][] = ["all", "some", "none"];

/** All cells of a vendor's hosts in the order of the catalogue: the order of every counter keyed by them. */
export const CELLS: Readonly<Record<Vendor, readonly Cell[]>> = { intel: cellsOf("intel"), amd: cellsOf("amd") };

/** Those that every host exports: the first ones. */
export const SHOWN_CELLS: typeof CELLS = cellsShownBy(["all"]);

/** Those and the ones that only some workloads cause. */
export const ALL_SHOWN_CELLS: typeof CELLS = cellsShownBy(["all", "some"]);

/** Index of a cell among its vendor's, or NO_CELL where the vendor has no such reason; throws when no switch can produce it. */
export function cellIndex(vendor: Vendor, reason: ExitReason, path: Path, msr: MsrLabel): number {
  const form = formOf(EXITS[reason], vendor);
  if (form === null) return NO_CELL;
  const found = CELLS[vendor].find((cell) => cell.reason === form.name && cell.path === path && cell.msr === msr);
  if (found === undefined) throw new RangeError(`no cell ${form.name} ${msr} ${path}`);
  return found.index;
}

function cellsShownBy(hosts: readonly Cell["shownBy"][]): typeof CELLS {
  const shown = (vendor: Vendor): readonly Cell[] => CELLS[vendor].filter(({ shownBy }) => hosts.includes(shownBy));
  return { intel: shown("intel"), amd: shown("amd") };
}

/** SVM reports several reasons of VMX under one name, whose cells are listed once. */
function cellsOf(vendor: Vendor): readonly Cell[] {
  const cells: Cell[] = [];
  const shownBy = (reason: ExitReason): Cell["shownBy"] => (EXITS[reason] as Exit).workloads ?? "all";
  const rank = (reason: ExitReason): number => SHOWN_FIRST.indexOf(shownBy(reason));
  for (const reason of EXIT_REASONS.toSorted((a, b) => rank(a) - rank(b))) {
    const name = formOf(EXITS[reason], vendor)?.name;
    if (name === undefined) continue;
    for (const { msr, path } of EXITS[reason].cells) {
      if (cells.some((cell) => cell.reason === name && cell.msr === msr && cell.path === path)) continue;
      cells.push({ index: cells.length, reason: name, msr, path, shownBy: shownBy(reason) });
    }
  }
  return cells;
}
