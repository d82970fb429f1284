import type { Exit } from "../exit.ts";

/** The guest can take interrupts again; KVM has one to inject (APICv or AVIC off). */
export const interruptWindow = {
  vmx: { name: "INTERRUPT_WINDOW", number: 7 },
  svm: { name: "vintr", number: 0x64 },
  doc: "The guest can take interrupts again; KVM has one to inject (APICv or AVIC off).",
  cells: [{ msr: "", path: "kernel" }],
  capable: {},
  flushesL1d: false,
  source: "vmx.c handle_interrupt_window; svm.c interrupt_window_interception",
} as const satisfies Exit;
