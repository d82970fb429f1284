import type { Exit } from "../exit.ts";

/** A host interrupt arrived while the guest ran: tick, another guest's timer, a kick. */
export const externalInterrupt = {
  vmx: { name: "EXTERNAL_INTERRUPT", number: 1 },
  svm: { name: "interrupt", number: 0x60 },
  doc: "A host interrupt arrived while the guest ran: tick, another guest's timer, a kick.",
  cells: [{ msr: "", path: "kernel" }],
  capable: {},
  flushesL1d: true,
  source: "vmx.c handle_external_interrupt_irqoff; svm.c svm_handle_exit_irqoff; interrupt entry sets l1tf_flush_l1d",
} as const satisfies Exit;
