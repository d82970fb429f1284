import type { Exit } from "../exit.ts";

/** A reason that has no rules here (an access to a debug register, an exception): imported workloads bring it. */
export const other = {
  vmx: { name: "OTHER", number: -1 },
  svm: { name: "other", number: -1 },
  doc: "A reason that has no rules here (an access to a debug register, an exception): imported workloads bring it.",
  cells: [{ msr: "", path: "kernel" }],
  capable: {},
  flushesL1d: false,
  workloads: "none",
  source: "vmx.c vmx_handle_exit, svm.c svm_invoke_exit_handler: the handlers that are not named here",
} as const satisfies Exit;
