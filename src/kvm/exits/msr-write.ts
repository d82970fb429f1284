import type { Exit } from "../exit.ts";

/** WRMSR to an intercepted MSR: above all TSC_DEADLINE (0x6e0) and the x2APIC ICR (0x830). */
export const msrWrite = {
  vmx: { name: "MSR_WRITE", number: 32 },
  svm: { name: "msr", number: 0x7c },
  doc: "WRMSR to an intercepted MSR: above all TSC_DEADLINE (0x6e0) and the x2APIC ICR (0x830).",
  cells: [
    { msr: "tsc_deadline", path: "fastpath" },
    { msr: "tsc_deadline", path: "kernel" },
    { msr: "icr", path: "fastpath" },
    { msr: "icr", path: "kernel" },
    { msr: "eoi", path: "kernel" },
    { msr: "other", path: "kernel" },
  ],
  capable: { tsc_deadline: "tsc_deadline", icr: "icr" },
  flushesL1d: false,
  source: "x86.c handle_fastpath_set_msr_irqoff; kvm_emulate_wrmsr",
} as const satisfies Exit;
