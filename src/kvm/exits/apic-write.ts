import type { Exit } from "../exit.ts";

/** A trapped write to a register of a virtualized APIC: ICR_LO on Intel, the timer's initial count. */
export const apicWrite = {
  vmx: { name: "APIC_WRITE", number: 56 },
  svm: { name: "avic_unaccelerated_access", number: 0x402 },
  doc: "A trapped write to a register of a virtualized APIC: ICR_LO on Intel, the timer's initial count.",
  cells: [{ msr: "", path: "kernel" }],
  capable: {},
  flushesL1d: false,
  source: "vmx.c handle_apic_write; svm/avic.c avic_unaccelerated_access_interception",
} as const satisfies Exit;
