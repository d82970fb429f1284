import type { Exit } from "../exit.ts";

/** MOV to or from a debug register; KVM then lets the guest have them until its next exit. */
export const drAccess = {
  vmx: { name: "DR_ACCESS", number: 29 },
  svm: { name: "write_dr7", number: 0x37 },
  doc: "MOV to or from a debug register; KVM then lets the guest have them until its next exit.",
  cells: [{ msr: "", path: "kernel" }],
  capable: {},
  flushesL1d: false,
  workloads: "some",
  source: "vmx.c handle_dr, svm.c dr_interception (KVM_DEBUGREG_WONT_EXIT); perf prints SVM's by register",
} as const satisfies Exit;
