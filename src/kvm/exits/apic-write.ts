import type { Exit } from "../exit.ts";

/** A trapped APIC-page write of an xAPIC guest under APICv: ICR_LO, the timer's initial count. */
export const apicWrite = {
  vmxReason: 56,
  doc: "A trapped APIC-page write of an xAPIC guest under APICv: ICR_LO, the timer's initial count.",
  cells: [{ msr: "", path: "kernel" }],
  capable: {},
  flushesL1d: false,
  source: "vmx.c handle_apic_write",
} as const satisfies Exit;
