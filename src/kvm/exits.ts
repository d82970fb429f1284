/** The catalogue of exit reasons, under the names that `perf kvm stat` prints. */
import type { Exit, MsrLabel, Path } from "./exit.ts";
import { apicAccess } from "./exits/apic-access.ts";
import { apicWrite } from "./exits/apic-write.ts";
import { cpuid } from "./exits/cpuid.ts";
import { eoiInduced } from "./exits/eoi-induced.ts";
import { eptMisconfig } from "./exits/ept-misconfig.ts";
import { eptViolation } from "./exits/ept-violation.ts";
import { externalInterrupt } from "./exits/external-interrupt.ts";
import { hlt } from "./exits/hlt.ts";
import { interruptWindow } from "./exits/interrupt-window.ts";
import { ioInstruction } from "./exits/io-instruction.ts";
import { msrWrite } from "./exits/msr-write.ts";
import { pauseInstruction } from "./exits/pause-instruction.ts";
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
} as const satisfies Record<string, Exit>;

export type ExitReason = keyof typeof EXITS;
export const EXIT_REASONS = Object.keys(EXITS) as ExitReason[];

/** One line of `kvm_exits_total`: a reason, what it wrote, and where it was handled. */
export interface Cell {
  readonly index: number;
  readonly reason: ExitReason;
  readonly msr: MsrLabel;
  readonly path: Path;
}

/** All cells in the order of the catalogue: the order of every counter keyed by them. */
export const CELLS: readonly Cell[] = EXIT_REASONS.flatMap((reason) =>
  EXITS[reason].cells.map((cell) => ({ reason, msr: cell.msr, path: cell.path })),
).map((cell, index) => ({ index, ...cell }));

/** Index of a cell in `CELLS`; throws when no switch can produce it. */
export function cellIndex(reason: ExitReason, path: Path, msr: MsrLabel = ""): number {
  const found = CELLS.find((cell) => cell.reason === reason && cell.path === path && cell.msr === msr);
  if (found === undefined) throw new RangeError(`no cell ${reason} ${msr} ${path}`);
  return found.index;
}
