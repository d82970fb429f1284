import type { Exit } from "../exit.ts";

/** EOI of a vector in the EOI-exit bitmap: a level-triggered interrupt of the virtual IOAPIC. */
export const eoiInduced = {
  vmxReason: 45,
  doc: "EOI of a vector in the EOI-exit bitmap: a level-triggered interrupt of the virtual IOAPIC.",
  cells: [{ msr: "", path: "kernel" }],
  capable: {},
  flushesL1d: false,
  source: "vmx.c handle_apic_eoi_induced",
} as const satisfies Exit;
