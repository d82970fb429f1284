import type { Exit } from "../exit.ts";

/** The VMX preemption timer ran out: the guest's APIC timer expired while the guest ran. */
export const preemptionTimer = {
  vmx: { name: "PREEMPTION_TIMER", number: 52 },
  svm: null,
  doc: "The VMX preemption timer ran out: the guest's APIC timer expired while the guest ran.",
  cells: [
    { msr: "", path: "fastpath" },
    { msr: "", path: "kernel" },
  ],
  capable: { "": "preemption_timer" },
  flushesL1d: false,
  source: "vmx.c handle_fastpath_preemption_timer, handle_preemption_timer (ce7a058a2117)",
} as const satisfies Exit;
