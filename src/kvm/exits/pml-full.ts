import type { Exit } from "../exit.ts";

/** The page-modification log of a vCPU whose VM is migrated has taken its 512th entry. */
export const pmlFull = {
  vmx: { name: "PML_FULL", number: 62 },
  svm: null,
  doc: "The page-modification log of a vCPU whose VM is migrated has taken its 512th entry.",
  cells: [{ msr: "", path: "kernel" }],
  capable: {},
  flushesL1d: false,
  workloads: "some",
  source: "vmx.c handle_pml_full",
} as const satisfies Exit;
