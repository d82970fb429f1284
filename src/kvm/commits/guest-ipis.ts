/** Commits about how the kernel as a guest sends IPIs. */
import type { Commit } from "../commit.ts";

export const GUEST_IPI_COMMITS = {
  "ipi-shorthands": {
    title: "x86/apic: Use shorthands where all CPUs are online (apic_use_ipi_shorthand)",
    since: "5.4",
    traits: { ipiShorthand: "present" },
    source: "arch/x86/kernel/apic/ipi.c apic_smt_update, native_send_call_func_ipi; x2apic_phys.c: title ours, release assumed",
  },
} as const satisfies Record<string, Commit>;
