/**
 * Retbleed: returns that underflow the return stack buffer take predicted targets, so retpolines
 * do not help. On Intel the remedy is IBRS, legacy or enhanced, which spectre_v2 selects; this
 * bug only reports it, and makes spectre_v2's automatic choice on Skylake fall on legacy IBRS.
 *
 * Linux: arch/x86/kernel/cpu/bugs.c retbleed_select_mitigation (5.19 and stable). The mode `ibrs`
 * says that the backport is there; spectre_v2's own explicit mode still wins, as in the kernel.
 */
import { notAffected, withoutFile } from "../clear-cpu-buffers.ts";
import type { Mitigation, VulnerabilityStatus } from "../mitigation.ts";
import { spectreV2Mode } from "./spectre-v2.ts";

export const retbleed = {
  vulnerability: "retbleed",
  doc: "arbitrary speculation through returns: IBRS on Intel",
  source: "bugs.c retbleed_select_mitigation",
  status(context): VulnerabilityStatus {
    const { cpu, traits, settings } = context;
    const known = traits.knows.includes("retbleed") || settings.retbleed === "ibrs";
    if (!known) {
      const unknown = withoutFile(context, "retbleed");
      const enhanced = cpu.affectedBy.includes("retbleed") && spectreV2Mode(context).mode === "eibrs";
      return enhanced ? { ...unknown, state: "mitigated", why: "enhanced IBRS covers it; the kernel has no file for retbleed" } : unknown;
    }
    if (!cpu.affectedBy.includes("retbleed")) return notAffected("retbleed");
    if (settings.all === "off") return { state: "vulnerable", sysfs: "Vulnerable", why: "mitigations=off" };
    if (settings.retbleed === "off") return { state: "vulnerable", sysfs: "Vulnerable", why: "retbleed=off" };
    const { mode, why } = spectreV2Mode(context);
    const name = mode === "ibrs" ? "IBRS" : mode === "eibrs" ? "Enhanced IBRS" : undefined;
    if (name === undefined) return { state: "vulnerable", sysfs: "Vulnerable", why: `spectre_v2 selected no IBRS: ${why}` };
    return { state: "mitigated", sysfs: `Mitigation: ${name}`, why: `spectre_v2 selected ${name}: ${why}` };
  },
} as const satisfies Mitigation;
