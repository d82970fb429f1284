import type { Exit } from "../exit.ts";

/** An APIC-page access of an xAPIC guest without APICv. */
export const apicAccess = {
  vmxReason: 44,
  doc: "An APIC-page access of an xAPIC guest without APICv.",
  cells: [{ msr: "", path: "kernel" }],
  capable: {},
  flushesL1d: false,
  source: "vmx.c handle_apic_access",
} as const satisfies Exit;
