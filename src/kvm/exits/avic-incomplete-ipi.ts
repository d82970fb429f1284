import type { Exit } from "../exit.ts";

/** AVIC could not complete an IPI: a target does not run, or AVIC may not send IPIs at all. */
export const avicIncompleteIpi = {
  vmx: null,
  svm: { name: "avic_incomplete_ipi", number: 0x401 },
  doc: "AVIC could not complete an IPI: a target does not run, or AVIC may not send IPIs at all.",
  cells: [{ msr: "", path: "kernel" }],
  capable: {},
  flushesL1d: false,
  source: "svm/avic.c avic_incomplete_ipi_interception",
} as const satisfies Exit;
