import type { Exit } from "../exit.ts";

/** IN or OUT to a port that QEMU emulates. */
export const ioInstruction = {
  vmx: { name: "IO_INSTRUCTION", number: 30 },
  svm: { name: "io", number: 0x7b },
  doc: "IN or OUT to a port that QEMU emulates.",
  cells: [{ msr: "", path: "userspace" }],
  capable: {},
  flushesL1d: true,
  source: "vmx.c handle_io; svm.c io_interception; x86.c kvm_fast_pio",
} as const satisfies Exit;
