/**
 * GhostWrite: a vector store of T-Head's C910, a RISC-V core, writes to physical memory. On x86 its
 * file is there all the same, for the list of bugs is common to all architectures, and always says no.
 *
 * Linux: drivers/base/cpu.c cpu_show_ghostwrite (6.14).
 */
import { notAffected, withoutFile } from "../bug-status.ts";
import type { Mitigation, VulnerabilityStatus } from "../mitigation.ts";

export const ghostwrite = {
  vulnerability: "ghostwrite",
  doc: "a RISC-V core's bug, whose file x86 has as well",
  source: "drivers/base/cpu.c cpu_show_not_affected: x86 has no words of its own",
  status: (context): VulnerabilityStatus =>
    context.traits.knows.includes("ghostwrite") ? notAffected("ghostwrite") : withoutFile(context, "ghostwrite"),
} as const satisfies Mitigation;
