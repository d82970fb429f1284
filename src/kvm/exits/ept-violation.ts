import type { Exit } from "../exit.ts";

/** A page that the nested page tables do not map yet, or not writable. */
export const eptViolation = {
  vmx: { name: "EPT_VIOLATION", number: 48 },
  svm: { name: "npf", number: 0x400 },
  doc: "A page that the nested page tables do not map yet, or not writable.",
  cells: [{ msr: "", path: "kernel" }],
  capable: {},
  flushesL1d: true,
  source: "vmx.c handle_ept_violation; svm.c npf_interception; mmu.c kvm_mmu_page_fault",
} as const satisfies Exit;
