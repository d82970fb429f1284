/**
 * A guest that re-arms its timer by MSR_IA32_TSC_DEADLINE is back in the guest without leaving
 * the inner run loop, if and only if `kvm_can_use_hv_timer()` holds for its vCPU.
 */
import type { Patch } from "../patch.ts";

export const fastpathTscDeadline = {
  name: "fastpath-tsc-deadline",
  commits: ["generic-fastpath-handler", "tscdeadline-fastpath"],
  title: "KVM: x86: TSCDEADLINE MSR emulation fastpath",
  source: "upstream 5.8, arch/x86/kvm/x86.c handle_fastpath_set_tscdeadline (timer fastpath series v5)",
} as const satisfies Patch;
