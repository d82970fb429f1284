import type { Exit } from "../exit.ts";

/** INVD: always intercepted, and nothing but skipped. No workload executes it. */
export const invd = {
  vmx: { name: "INVD", number: 13 },
  svm: { name: "invd", number: 0x76 },
  doc: "INVD: always intercepted, and nothing but skipped. No workload executes it.",
  cells: [
    { msr: "", path: "fastpath" },
    { msr: "", path: "kernel" },
  ],
  capable: { "": "invd" },
  flushesL1d: false,
  workloads: "none",
  source: "x86.c kvm_emulate_invd, handle_fastpath_invd",
} as const satisfies Exit;
