/**
 * Old microcode: no bug of its own. The kernel compares the CPU's microcode with a list of Intel's
 * latest of its own time.
 *
 * Linux: arch/x86/kernel/cpu/bugs.c old_microcode_show_state (6.16).
 */
import type { Mitigation, VulnerabilityStatus } from "../mitigation.ts";

export const oldMicrocode = {
  vulnerability: "old_microcode",
  doc: "microcode older than the kernel's list",
  source: "bugs.c old_microcode_show_state; the list has Intel's CPUs only",
  status({ cpu, traits, settings }): VulnerabilityStatus {
    const isOld = cpu.vendor === "intel" && settings.microcode === "old";
    const state = isOld ? "vulnerable" : "not_affected";
    if (!traits.knows.includes("old_microcode")) return { state, sysfs: "", why: "the kernel has no file for old_microcode" };
    return isOld
      ? { state, sysfs: "Vulnerable", why: "the microcode is older than the kernel's list (X86_BUG_OLD_MICROCODE)" }
      : { state, sysfs: "Not affected", why: "X86_BUG_OLD_MICROCODE is not set for this CPU" };
  },
} as const satisfies Mitigation;
