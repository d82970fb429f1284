/**
 * `KVM: x86: use static calls to reduce kvm_x86_ops overhead`. Each call of a function of VMX or SVM went
 * through a pointer, and so through a retpoline; patched in place it is a direct call. It stands for the older
 * proposal to build kvm.ko and kvm-intel.ko as one, too (KVM monolithic, 2019), which had the same effect.
 */
import type { Patch } from "../patch.ts";

export const staticCalls = {
  name: "static-calls",
  commits: ["b3646477d458"],
  title: "KVM: x86: use static calls to reduce kvm_x86_ops overhead",
  source: "upstream 5.12, arch/x86/include/asm/kvm-x86-ops.h",
} as const satisfies Patch;
