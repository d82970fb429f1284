import type { Exit } from "../exit.ts";

/** CPUID, which always exits. */
export const cpuid = {
  vmxReason: 10,
  doc: "CPUID, which always exits.",
  cells: [{ msr: "", path: "kernel" }],
  capable: {},
  flushesL1d: false,
  source: "cpuid.c kvm_emulate_cpuid",
} as const satisfies Exit;
