import type { Exit } from "../exit.ts";

/** EOI of a vector in the EOI-exit bitmap: a level-triggered interrupt of the virtual IOAPIC. */
export const eoiInduced = {
  vmx: { name: "EOI_INDUCED", number: 45 },
  svm: { name: "avic_unaccelerated_access", number: 0x402 },
  doc: "EOI of a vector in the EOI-exit bitmap: a level-triggered interrupt of the virtual IOAPIC.",
  cells: [{ msr: "", path: "kernel" }],
  capable: {},
  flushesL1d: false,
  source: "vmx.c handle_apic_eoi_induced; svm/avic.c avic_unaccel_trap_write",
} as const satisfies Exit;
