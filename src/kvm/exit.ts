/**
 * The shape of an exit reason: what `perf kvm stat` calls it, which paths it can take, and
 * what handling it does to the CPU. One file of `exits/` per reason.
 */
import type { FastpathName } from "./fastpaths.ts";

/** Where an exit was handled: right after it, in KVM's normal handler, or in QEMU. */
export type Path = "fastpath" | "kernel" | "userspace";
export const PATHS: readonly Path[] = ["fastpath", "kernel", "userspace"];

/** What the guest wrote, on MSR_WRITE only. */
export type MsrLabel = "tsc_deadline" | "icr" | "eoi" | "other" | "";

export interface ExitCell {
  readonly msr: MsrLabel;
  readonly path: Path;
}

export interface Exit {
  /** VMX basic exit reason (uapi asm/vmx.h). */
  readonly vmxReason: number;
  readonly doc: string;
  /** Every (msr, path) that some switch of an Intel host can produce. */
  readonly cells: readonly ExitCell[];
  /** Fastpaths that can take this exit, by what was written. */
  readonly capable: Partial<Record<MsrLabel, FastpathName>>;
  /** The handler sets `l1tf_flush_l1d`, so that a conditional L1D flush precedes the entry. */
  readonly flushesL1d: boolean;
  readonly source: string;
}
