import type { Exit } from "../exit.ts";

/** A page that EPT does not map yet, or not writable. */
export const eptViolation = {
  vmxReason: 48,
  doc: "A page that EPT does not map yet, or not writable.",
  cells: [{ msr: "", path: "kernel" }],
  capable: {},
  flushesL1d: true,
  source: "vmx.c handle_ept_violation, mmu.c kvm_mmu_page_fault",
} as const satisfies Exit;
