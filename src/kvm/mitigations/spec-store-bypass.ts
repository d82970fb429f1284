/**
 * Speculative store bypass: a load may run ahead of the store it depends on. Tasks that ask for it
 * run with SSBD set; nothing of it is on the path of an exit (SSBD of single tasks is left out).
 *
 * Linux: arch/x86/kernel/cpu/bugs.c ssb_select_mitigation.
 */
import { mitigated, statusWhereLive } from "../bug-status.ts";
import type { Mitigation, VulnerabilityStatus } from "../mitigation.ts";

export const specStoreBypass = {
  vulnerability: "spec_store_bypass",
  doc: "speculative store bypass: SSBD for tasks that ask for it",
  source: "bugs.c ssb_select_mitigation, ssb_strings",
  status: (context): VulnerabilityStatus =>
    statusWhereLive(context, "spec_store_bypass", () => {
      const who = context.traits.ssbDefault === "seccomp" ? "prctl and seccomp" : "prctl";
      return mitigated(
        `Mitigation: Speculative Store Bypass disabled via ${who}`,
        `spec_store_bypass_disable=${context.traits.ssbDefault} is the default`,
      );
    }),
} as const satisfies Mitigation;
