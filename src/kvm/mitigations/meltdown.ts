/**
 * Meltdown: user space may read kernel memory that its page tables map. With page-table isolation
 * each return to user space changes CR3, so an exit that goes on to QEMU pays for it twice; an
 * exit that stays in the kernel pays nothing.
 *
 * Linux: arch/x86/mm/pti.c pti_check_boottime_disable; bugs.c cpu_show_common.
 */
import { notAffected, withoutFile } from "../bug-status.ts";
import type { Mitigation, MitigationContext, VulnerabilityStatus } from "../mitigation.ts";

/** X86_FEATURE_PTI is set. */
export const hasPti = ({ cpu, traits, settings }: MitigationContext): boolean =>
  cpu.affectedBy.includes("meltdown") && traits.knows.includes("meltdown") && settings.all !== "off" && settings.meltdown !== "off";

export const meltdown = {
  vulnerability: "meltdown",
  doc: "rogue data cache load: page-table isolation",
  source: "mm/pti.c pti_check_boottime_disable, bugs.c cpu_show_common",
  status(context): VulnerabilityStatus {
    if (!context.traits.knows.includes("meltdown")) return withoutFile(context, "meltdown");
    if (!context.cpu.affectedBy.includes("meltdown")) return notAffected("meltdown");
    if (hasPti(context)) return { state: "mitigated", sysfs: "Mitigation: PTI", why: "the CPU has no RDCL_NO, so PTI is on" };
    return {
      state: "vulnerable",
      sysfs: "Vulnerable",
      why: context.settings.all === "off" ? "mitigations=off" : "nopti on the command line",
    };
  },
} as const satisfies Mitigation;
