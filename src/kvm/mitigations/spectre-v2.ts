/**
 * Spectre v2: the guest must not steer the host's indirect branches. The kernel keeps either
 * indirect branches out of the predictor (retpolines), or restricts the predictor: enhanced IBRS
 * once at boot, legacy IBRS by a write of SPEC_CTRL at each kernel entry and VM exit.
 *
 * Linux: arch/x86/kernel/cpu/bugs.c spectre_v2_select_mitigation, cpu_show_common (4.18 to 6.1).
 * Simplified: firmware calls, seccomp and STIBP per task cost nothing here; IBPB and IBRS are in
 * every microcode we speak of (2018), `old` included (assumed).
 */
import type { Mitigation, MitigationContext, VulnerabilityStatus } from "../mitigation.ts";

export type SpectreV2Mode = "off" | "retpoline" | "ibrs" | "eibrs";

export interface ChosenSpectreV2 {
  readonly mode: SpectreV2Mode;
  readonly why: string;
}

/**
 * The mode that the kernel selects (`spectre_v2_enabled`). Automatic order: enhanced IBRS where
 * the CPU has it, legacy IBRS where retbleed needs it and is known, else retpolines.
 */
export function spectreV2Mode({ cpu, traits, settings }: MitigationContext): ChosenSpectreV2 {
  if (settings.all === "off") return { mode: "off", why: "mitigations=off" };
  const asked = settings.spectre_v2;
  if (asked === "off" || asked === "retpoline" || asked === "ibrs") return { mode: asked, why: `spectre_v2=${asked}` };
  if (asked === "eibrs" && cpu.hasEnhancedIbrs) return { mode: "eibrs", why: "spectre_v2=eibrs" };
  const fallback = asked === "eibrs" ? "spectre_v2=eibrs, but the CPU has no enhanced IBRS, so AUTO: " : "";
  if (cpu.hasEnhancedIbrs) return { mode: "eibrs", why: "the CPU has enhanced IBRS (X86_FEATURE_IBRS_ENHANCED)" };
  const knowsRetbleed = settings.retbleed === "ibrs" || traits.knows.includes("retbleed");
  if (knowsRetbleed && settings.retbleed !== "off" && cpu.affectedBy.includes("retbleed")) {
    return { mode: "ibrs", why: `${fallback}retbleed needs IBRS on this CPU, and the kernel knows retbleed` };
  }
  return { mode: "retpoline", why: `${fallback}no enhanced IBRS, and nothing asks for legacy IBRS` };
}

function line({ traits, smt }: MitigationContext, mode: SpectreV2Mode): string {
  const stibp = `STIBP: ${smt ? "conditional" : "disabled"}`;
  switch (mode) {
    case "off":
      return "Vulnerable, IBPB: disabled, STIBP: disabled";
    case "retpoline": {
      const name = traits.spectreV2Wording === "retpolines" ? "Retpolines" : "Full generic retpoline";
      return `Mitigation: ${name}, IBPB: conditional, IBRS_FW, ${stibp}, RSB filling`;
    }
    case "ibrs":
      return `Mitigation: IBRS, IBPB: conditional, ${stibp}, RSB filling`;
    // stibp_state() prints nothing: enhanced IBRS implies it.
    case "eibrs":
      return "Mitigation: Enhanced IBRS, IBPB: conditional, RSB filling";
  }
}

export const spectreV2 = {
  vulnerability: "spectre_v2",
  doc: "branch target injection: retpolines, legacy IBRS or enhanced IBRS",
  source: "bugs.c spectre_v2_select_mitigation and cpu_show_common; order of the suffixes: assumed as in 5.8",
  status(context): VulnerabilityStatus {
    if (!context.cpu.affectedBy.includes("spectre_v2")) {
      return { state: "not_affected", sysfs: "Not affected", why: "X86_BUG_SPECTRE_V2 is not set for this CPU" };
    }
    const { mode, why } = spectreV2Mode(context);
    return { state: mode === "off" ? "vulnerable" : "mitigated", sysfs: line(context, mode), why };
  },
} as const satisfies Mitigation;
