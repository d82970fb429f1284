import type { Exit } from "../exit.ts";

/** IN or OUT to a port that QEMU emulates. */
export const ioInstruction = {
  vmxReason: 30,
  doc: "IN or OUT to a port that QEMU emulates.",
  cells: [{ msr: "", path: "userspace" }],
  capable: {},
  flushesL1d: true,
  source: "vmx.c handle_io, x86.c kvm_fast_pio",
} as const satisfies Exit;
