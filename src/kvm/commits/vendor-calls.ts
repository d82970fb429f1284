/** Commits about how common KVM code calls VMX or SVM. */
import type { Commit } from "../commit.ts";

export const VENDOR_CALL_COMMITS = {
  b3646477d458: {
    title: "KVM: x86: use static calls to reduce kvm_x86_ops overhead",
    since: "5.12",
    traits: { kvmOps: "static_calls" },
    source: "x86.c static_call(kvm_x86_...) in 5.15.100, not in 5.10; first release from memory",
  },
} as const satisfies Record<string, Commit>;
