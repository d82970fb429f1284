/**
 * GDS (Downfall): a gather instruction may read stale vector registers. Microcode locks it, which
 * slows gathers down and costs no entry.
 *
 * Linux: arch/x86/kernel/cpu/bugs.c gds_select_mitigation (6.5 and stable). Left out: the locked form.
 */
import { mitigated, statusWhereLive, vulnerable } from "../bug-status.ts";
import type { Mitigation, VulnerabilityStatus } from "../mitigation.ts";

export const gatherDataSampling = {
  vulnerability: "gather_data_sampling",
  doc: "gather data sampling: microcode",
  source: "bugs.c gds_select_mitigation, gds_strings",
  status: (context): VulnerabilityStatus =>
    statusWhereLive(context, "gather_data_sampling", () =>
      context.settings.microcode === "current"
        ? mitigated("Mitigation: Microcode", "the microcode has GDS_CTRL")
        : vulnerable("the microcode does not have the fix", "Vulnerable: No microcode"),
    ),
} as const satisfies Mitigation;
