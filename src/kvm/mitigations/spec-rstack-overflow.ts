/**
 * SRSO, speculative return stack overflow (AMD Inception, Zen 1 to 4): a guest may plant return
 * targets for the host. Returns go through a safe thunk that is prepared after each exit, or an
 * IBPB there throws everything away.
 *
 * Linux: arch/x86/kernel/cpu/bugs.c srso_select_mitigation, srso_show_state (6.5 and stable).
 */
import { mitigated, notAffected, vulnerable, withoutFile } from "../bug-status.ts";
import type { Mitigation, VulnerabilityStatus } from "../mitigation.ts";
import { srsoHasMicrocode, srsoMode } from "../return-thunks.ts";

export const specRstackOverflow = {
  vulnerability: "spec_rstack_overflow",
  doc: "speculative return stack overflow: safe returns, or IBPB",
  source: "bugs.c srso_select_mitigation, srso_strings",
  status(context): VulnerabilityStatus {
    const { mode, why } = srsoMode(context);
    const hasMicrocode = srsoHasMicrocode(context);
    switch (mode) {
      case "not_live":
        return context.traits.knows.includes("spec_rstack_overflow")
          ? notAffected("spec_rstack_overflow")
          : withoutFile(context, "spec_rstack_overflow");
      case "smt_off":
        return mitigated("Mitigation: SMT disabled", why);
      case "off":
        return vulnerable(why);
      case "microcode":
        return vulnerable(why, hasMicrocode ? "Vulnerable: Microcode, no safe RET" : "Vulnerable: No microcode");
      case "safe_ret":
        return hasMicrocode ? mitigated("Mitigation: Safe RET", why) : vulnerable(why, "Vulnerable: Safe RET, no microcode");
      case "ibpb":
      case "ibpb_vmexit": {
        if (!hasMicrocode) return vulnerable(why, "Vulnerable: No microcode");
        return mitigated(mode === "ibpb" ? "Mitigation: IBPB" : "Mitigation: IBPB on VMEXIT only", why);
      }
    }
  },
} as const satisfies Mitigation;
