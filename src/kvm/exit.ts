/**
 * The shape of an exit reason: what `perf kvm stat` calls it on each vendor's hosts, which paths
 * it can take, and what handling it does to the CPU. One file of `exits/` per reason.
 */
import type { Vendor } from "../hw/cpu-model.ts";
import type { FastpathName } from "./fastpaths.ts";

/** Where an exit was handled: right after it, in KVM's normal handler, or in QEMU. */
export type Path = "fastpath" | "kernel" | "userspace";
export const PATHS: readonly Path[] = ["fastpath", "kernel", "userspace"];

/** What the guest wrote, on MSR_WRITE (SVM: msr) only. */
export type MsrLabel = "tsc_deadline" | "icr" | "eoi" | "other" | "";

export interface ExitCell {
  readonly msr: MsrLabel;
  readonly path: Path;
}

/** A reason as one vendor's hardware reports it. */
export interface ExitForm {
  /** What `perf kvm stat` prints; SVM reports several reasons of VMX as one. */
  readonly name: string;
  readonly number: number;
}

export interface Exit {
  /** VMX basic exit reason (uapi asm/vmx.h); null where Intel has none. */
  readonly vmx: ExitForm | null;
  /** SVM exit code (uapi asm/svm.h); null where AMD has none. */
  readonly svm: ExitForm | null;
  readonly doc: string;
  /** Every (msr, path) that some switch of a host can produce. */
  readonly cells: readonly ExitCell[];
  /** Fastpaths that can take this exit, by what was written. */
  readonly capable: Partial<Record<MsrLabel, FastpathName>>;
  /** The handler sets `l1tf_flush_l1d`, so that a conditional L1D flush precedes the entry. */
  readonly flushesL1d: boolean;
  /**
   * Who causes it, where not every host exports it. `some`: workloads of a kind, so a host has its series
   * while it runs one of them. `none`: scripts only, so no host has it.
   */
  readonly workloads?: "some" | "none";
  readonly source: string;
}

/** The reason as a host of this vendor reports it. */
export const formOf = (exit: Exit, vendor: Vendor): ExitForm | null => (vendor === "intel" ? exit.vmx : exit.svm);
