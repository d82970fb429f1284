import type { Exit } from "../exit.ts";

/** PAUSE-loop exiting: a vCPU spun on a lock for longer than ple_window. */
export const pauseInstruction = {
  vmx: { name: "PAUSE_INSTRUCTION", number: 40 },
  svm: { name: "pause", number: 0x77 },
  doc: "PAUSE-loop exiting: a vCPU spun on a lock for longer than ple_window.",
  cells: [{ msr: "", path: "kernel" }],
  capable: {},
  flushesL1d: false,
  source: "vmx.c handle_pause; svm.c pause_interception; kvm_main.c kvm_vcpu_on_spin",
} as const satisfies Exit;
