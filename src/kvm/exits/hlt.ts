import type { Exit } from "../exit.ts";

/** The guest went idle with HLT intercepted: KVM polls, then blocks the vCPU. */
export const hlt = {
  vmx: { name: "HLT", number: 12 },
  svm: { name: "hlt", number: 0x78 },
  doc: "The guest went idle with HLT intercepted: KVM polls, then blocks the vCPU.",
  cells: [
    { msr: "", path: "fastpath" },
    { msr: "", path: "kernel" },
  ],
  capable: { "": "hlt" },
  flushesL1d: false,
  source: "x86.c kvm_emulate_halt, handle_fastpath_hlt, kvm_main.c kvm_vcpu_block",
} as const satisfies Exit;
