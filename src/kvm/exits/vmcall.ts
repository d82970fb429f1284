import type { Exit } from "../exit.ts";

/** A hypercall, such as PV send-IPI. */
export const vmcall = {
  vmx: { name: "VMCALL", number: 18 },
  svm: { name: "hypercall", number: 0x81 },
  doc: "A hypercall, such as PV send-IPI.",
  cells: [{ msr: "", path: "kernel" }],
  capable: {},
  flushesL1d: false,
  source: "x86.c kvm_emulate_hypercall",
} as const satisfies Exit;
