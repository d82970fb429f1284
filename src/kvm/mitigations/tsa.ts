/**
 * TSA, transient scheduler attacks (AMD Zen 3 and 4): timing tells of stale data in the core. The
 * remedy is VERW again, on the way to user space and before VMRUN.
 *
 * Linux: arch/x86/kernel/cpu/bugs.c tsa_select_mitigation, tsa_strings (6.16 and stable);
 * svm/vmenter.S VM_CLEAR_CPU_BUFFERS.
 */
import { mitigated, statusWhereLive, vulnerable } from "../bug-status.ts";
import type { Mitigation, VulnerabilityStatus } from "../mitigation.ts";
import { tsaMode } from "../tsa-mode.ts";

const WORDS = { full: "", user: ": user/kernel boundary", vm: ": VM" } as const;

export const tsa = {
  vulnerability: "tsa",
  doc: "transient scheduler attacks: VERW clears the CPU's buffers",
  source: "bugs.c tsa_select_mitigation, tsa_strings",
  status(context): VulnerabilityStatus {
    const { mode, why, implied } = tsaMode(context);
    return statusWhereLive(
      context,
      "tsa",
      () => {
        if (mode === "none") return vulnerable(why, context.settings.tsa === "off" ? "Vulnerable" : "Vulnerable: No microcode");
        return mitigated(`Mitigation: Clear CPU buffers${WORDS[mode]}`, why);
      },
      { implied },
    );
  },
} as const satisfies Mitigation;
