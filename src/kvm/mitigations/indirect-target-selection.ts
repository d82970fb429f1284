/**
 * ITS, indirect target selection: branches in the lower half of a cache line may take a wrong
 * target. Thunks in the upper half stand in; the guest/host part is left to them and costs an exit
 * nothing that retpolines and enhanced IBRS do not. `stuff` costs what call depth tracking does.
 *
 * Linux: arch/x86/kernel/cpu/bugs.c its_select_mitigation, its_strings (6.15 and stable).
 */
import { mitigated, statusWhereLive, vulnerable } from "../bug-status.ts";
import { itsMode } from "../its-mode.ts";
import type { Mitigation, VulnerabilityStatus } from "../mitigation.ts";

export const indirectTargetSelection = {
  vulnerability: "indirect_target_selection",
  doc: "indirect target selection: aligned thunks, or retpolines with call depth tracking",
  source: "bugs.c its_select_mitigation, its_strings; the thunks' cost on an exit: assumed none",
  status(context): VulnerabilityStatus {
    const { mode, why, implied } = itsMode(context);
    const live = (): VulnerabilityStatus => {
      switch (mode) {
        case "not_live":
        case "off":
          return vulnerable(why);
        case "vmexit":
          return mitigated("Mitigation: Vulnerable, KVM: Not affected", why);
        case "aligned_thunks":
          return mitigated("Mitigation: Aligned branch/return thunks", why);
        case "stuff":
          return mitigated("Mitigation: Retpolines, Stuffing RSB", why);
      }
    };
    return statusWhereLive(context, "indirect_target_selection", live, { implied });
  },
} as const satisfies Mitigation;
