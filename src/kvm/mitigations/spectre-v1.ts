/**
 * Spectre v1: bounds checks that speculation runs past. Barriers at the places found; nothing of it
 * is on the path of an exit.
 *
 * Linux: arch/x86/kernel/cpu/bugs.c spectre_v1_select_mitigation.
 */
import { mitigated, statusWhereLive } from "../bug-status.ts";
import type { Mitigation, VulnerabilityStatus } from "../mitigation.ts";

const OFF = "Vulnerable: __user pointer sanitization and usercopy barriers only; no swapgs barriers";

export const spectreV1 = {
  vulnerability: "spectre_v1",
  doc: "bounds check bypass: barriers in the kernel's code",
  source: "bugs.c spectre_v1_select_mitigation, spectre_v1_strings",
  status: (context): VulnerabilityStatus =>
    statusWhereLive(
      context,
      "spectre_v1",
      () =>
        mitigated(
          "Mitigation: usercopy/swapgs barriers and __user pointer sanitization",
          "the barriers are on unless the command line says no",
        ),
      { off: OFF },
    ),
} as const satisfies Mitigation;
