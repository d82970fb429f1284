/**
 * RFDS: stale register values on Atom cores. No CPU of the catalogue has it, but its file says so.
 *
 * Linux: arch/x86/kernel/cpu/bugs.c rfds_select_mitigation (6.9 and stable).
 */
import { mitigated, statusWhereLive, vulnerable } from "../bug-status.ts";
import type { Mitigation, VulnerabilityStatus } from "../mitigation.ts";

export const regFileDataSampling = {
  vulnerability: "reg_file_data_sampling",
  doc: "register file data sampling: VERW",
  source: "bugs.c rfds_select_mitigation, rfds_strings",
  status: (context): VulnerabilityStatus =>
    statusWhereLive(context, "reg_file_data_sampling", () =>
      context.settings.microcode === "current"
        ? mitigated("Mitigation: Clear Register File", "VERW clears the register file (RFDS_CLEAR)")
        : vulnerable("the microcode does not have the fix", "Vulnerable: No microcode"),
    ),
} as const satisfies Mitigation;
