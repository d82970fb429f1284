/**
 * ITS, indirect target selection: branches in the lower half of a cache line may take a wrong
 * target. Thunks in the upper half stand in; the guest/host part is left to them and costs an exit
 * nothing that retpolines and enhanced IBRS do not.
 *
 * Linux: arch/x86/kernel/cpu/bugs.c its_select_mitigation (6.15 and stable). Left out: RSB stuffing.
 */
import { mitigated, statusWhereLive, vulnerable } from "../bug-status.ts";
import type { Mitigation, VulnerabilityStatus } from "../mitigation.ts";
import { spectreV2Mode } from "../spectre-v2-mode.ts";

export const indirectTargetSelection = {
  vulnerability: "indirect_target_selection",
  doc: "indirect target selection: aligned thunks",
  source: "bugs.c its_select_mitigation, its_strings; the thunks' cost on an exit: assumed none",
  status: (context): VulnerabilityStatus =>
    statusWhereLive(context, "indirect_target_selection", () =>
      spectreV2Mode(context).mode === "off"
        ? vulnerable("spectre_v2 is off, which turns ITS' mitigation off")
        : mitigated("Mitigation: Aligned branch/return thunks", "indirect_target_selection=on is the default"),
    ),
} as const satisfies Mitigation;
