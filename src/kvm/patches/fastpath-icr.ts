/**
 * A guest's write of the x2APIC ICR (an IPI) is delivered right after the exit. Backports take
 * the form of v5.8: one fixed, physical, unicast target; the exit handler is skipped
 * (EXIT_HANDLED) and the inner run loop is left.
 */
import type { Patch } from "../patch.ts";

export const fastpathIcr = {
  name: "fastpath-icr",
  commits: ["1e9e2622a149", "svm-icr-fastpath", "narrow-ipi-fastpath", "generic-fastpath-handler", "icr-in-generic-handler"],
  title: "KVM: VMX: FIXED+PHYSICAL mode single target IPI fastpath",
  source: "upstream 5.5 in its 5.8 form, arch/x86/kvm/x86.c handle_fastpath_set_x2apic_icr_irqoff",
} as const satisfies Patch;
