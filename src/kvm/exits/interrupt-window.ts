import type { Exit } from "../exit.ts";

/** The guest can take interrupts again; KVM has one to inject (APICv off). */
export const interruptWindow = {
  vmxReason: 7,
  doc: "The guest can take interrupts again; KVM has one to inject (APICv off).",
  cells: [{ msr: "", path: "kernel" }],
  capable: {},
  flushesL1d: false,
  source: "vmx.c handle_interrupt_window",
} as const satisfies Exit;
