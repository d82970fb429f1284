/**
 * Speculative store bypass: a load may run ahead of the store it depends on. Tasks that ask for it
 * run with SSBD set; nothing of it is on the path of an exit (SSBD of single tasks is left out, and
 * with it spec_store_bypass_disable=on, which sets it for all of them).
 *
 * Linux: arch/x86/kernel/cpu/bugs.c ssb_select_mitigation.
 */
import { mitigated, statusWhereLive, vulnerable } from "../bug-status.ts";
import type { Mitigation, VulnerabilityStatus } from "../mitigation.ts";

export const specStoreBypass = {
  vulnerability: "spec_store_bypass",
  doc: "speculative store bypass: SSBD for tasks that ask for it",
  source: "bugs.c ssb_select_mitigation, ssb_strings",
  status: (context): VulnerabilityStatus =>
    statusWhereLive(context, "spec_store_bypass", () => {
      const asked = context.settings.spec_store_bypass;
      if (asked === "off") return vulnerable("spec_store_bypass_disable=off");
      const mode = asked === "auto" ? context.traits.ssbDefault : asked;
      return mitigated(
        `Mitigation: Speculative Store Bypass disabled via ${mode === "seccomp" ? "prctl and seccomp" : "prctl"}`,
        `spec_store_bypass_disable=${mode}${asked === "auto" ? " is the default" : ""}`,
      );
    }),
} as const satisfies Mitigation;
