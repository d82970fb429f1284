import type { Exit } from "../exit.ts";

/** CPUID, which always exits. */
export const cpuid = {
  vmx: { name: "CPUID", number: 10 },
  svm: { name: "cpuid", number: 0x72 },
  doc: "CPUID, which always exits.",
  cells: [{ msr: "", path: "kernel" }],
  capable: {},
  flushesL1d: false,
  source: "cpuid.c kvm_emulate_cpuid",
} as const satisfies Exit;
