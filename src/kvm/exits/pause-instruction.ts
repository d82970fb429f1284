import type { Exit } from "../exit.ts";

/** PAUSE-loop exiting: a vCPU spun on a lock for longer than ple_window. */
export const pauseInstruction = {
  vmxReason: 40,
  doc: "PAUSE-loop exiting: a vCPU spun on a lock for longer than ple_window.",
  cells: [{ msr: "", path: "kernel" }],
  capable: {},
  flushesL1d: false,
  source: "vmx.c handle_pause, kvm_main.c kvm_vcpu_on_spin",
} as const satisfies Exit;
