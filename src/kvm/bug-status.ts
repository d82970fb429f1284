/**
 * What all lines of /sys/devices/system/cpu/vulnerabilities have in common: a bug without a file,
 * a CPU without the bug, mitigations=off; only then the bug's own words.
 *
 * Linux: arch/x86/kernel/cpu/bugs.c cpu_show_common.
 */
import type { Vulnerability } from "../hw/cpu-model.ts";
import type { MitigationContext, VulnerabilityStatus } from "./mitigation.ts";

/** The silicon has the bug and the kernel has code and a sysfs file for it. */
export const isKnownBug = ({ cpu, traits }: MitigationContext, bug: Vulnerability): boolean =>
  cpu.affectedBy.includes(bug) && traits.knows.includes(bug);

/** A bug without a sysfs file on this kernel: what is true of the silicon, and no line. */
export function withoutFile({ cpu }: MitigationContext, bug: Vulnerability): VulnerabilityStatus {
  return cpu.affectedBy.includes(bug)
    ? { state: "vulnerable", sysfs: "", why: `the CPU has the bug, and the kernel has no file and no code for ${bug}` }
    : { state: "not_affected", sysfs: "", why: `the CPU does not have the bug; the kernel has no file for ${bug}` };
}

/** The line of a CPU without the bug. */
export const notAffected = (bug: Vulnerability): VulnerabilityStatus => ({
  state: "not_affected",
  sysfs: "Not affected",
  why: `X86_BUG for ${bug} is not set for this CPU`,
});

export const vulnerable = (why: string, sysfs = "Vulnerable"): VulnerabilityStatus => ({ state: "vulnerable", sysfs, why });
export const mitigated = (sysfs: string, why: string): VulnerabilityStatus => ({ state: "mitigated", sysfs, why });

/**
 * The status of a bug whose own words count only where the kernel knows it, the CPU has it and
 * mitigations are not off. `implied`: an explicit mode says that the backport is there.
 */
export function statusWhereLive(
  context: MitigationContext,
  bug: Vulnerability,
  live: () => VulnerabilityStatus,
  { implied = false, off = "Vulnerable" }: { readonly implied?: boolean; readonly off?: string } = {},
): VulnerabilityStatus {
  if (!context.traits.knows.includes(bug) && !implied) return withoutFile(context, bug);
  if (!context.cpu.affectedBy.includes(bug)) return notAffected(bug);
  return context.settings.all === "off" ? vulnerable("mitigations=off", off) : live();
}
