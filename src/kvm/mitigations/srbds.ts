/**
 * SRBDS: RDRAND and its like leave their results in a buffer. Client parts only: no CPU of the
 * catalogue has it, but its file says so.
 *
 * Linux: arch/x86/kernel/cpu/bugs.c srbds_select_mitigation (5.8 and stable).
 */
import { mitigated, statusWhereLive, vulnerable } from "../bug-status.ts";
import type { Mitigation, VulnerabilityStatus } from "../mitigation.ts";

export const srbds = {
  vulnerability: "srbds",
  doc: "special register buffer data sampling: microcode",
  source: "bugs.c srbds_select_mitigation, srbds_strings",
  status: (context): VulnerabilityStatus =>
    statusWhereLive(context, "srbds", () =>
      context.settings.microcode === "current"
        ? mitigated("Mitigation: Microcode", "the microcode clears the buffer")
        : vulnerable("the microcode does not have the fix", "Vulnerable: No microcode"),
    ),
} as const satisfies Mitigation;
