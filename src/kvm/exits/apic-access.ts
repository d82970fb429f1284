import type { Exit } from "../exit.ts";

/** An APIC-page access of an xAPIC guest without APICv or AVIC. */
export const apicAccess = {
  vmx: { name: "APIC_ACCESS", number: 44 },
  svm: { name: "npf", number: 0x400 },
  doc: "An APIC-page access of an xAPIC guest without APICv or AVIC.",
  cells: [{ msr: "", path: "kernel" }],
  capable: {},
  flushesL1d: false,
  source: "vmx.c handle_apic_access; svm.c npf_interception",
} as const satisfies Exit;
