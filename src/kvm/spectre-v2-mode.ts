/**
 * What a kernel does against branch target injection. It keeps indirect branches out of the
 * predictor (retpolines; on AMD before 2022 an LFENCE), or restricts the predictor: enhanced or
 * automatic IBRS once at boot, legacy IBRS by a write of SPEC_CTRL at each kernel entry and exit.
 *
 * Linux: arch/x86/kernel/cpu/bugs.c spectre_v2_select_mitigation (4.18 to 6.18).
 */
import type { MitigationContext } from "./mitigation.ts";

export type SpectreV2Mode = "off" | "retpoline" | "lfence" | "ibrs" | "eibrs" | "eibrs_retpoline" | "eibrs_lfence";

/** spectre_v2_in_eibrs_mode(). */
export const isEnhanced = (mode: SpectreV2Mode): boolean => mode === "eibrs" || mode === "eibrs_retpoline" || mode === "eibrs_lfence";

export interface ChosenSpectreV2 {
  readonly mode: SpectreV2Mode;
  readonly why: string;
}

/**
 * The mode that the kernel selects (`spectre_v2_enabled`). Automatic order: enhanced IBRS where
 * the CPU has it, legacy IBRS where retbleed needs it and is known, else retpolines.
 */
export function spectreV2Mode(context: MitigationContext): ChosenSpectreV2 {
  const { cpu, traits, settings } = context;
  if (settings.all === "off") return { mode: "off", why: "mitigations=off" };
  const asked = settings.spectre_v2;
  const enhanced = enhancedBy(context);
  if (asked === "off") return { mode: "off", why: "spectre_v2=off" };
  if (asked === "retpoline") return { mode: retpoline(context), why: "spectre_v2=retpoline" };
  if (asked === "ibrs" && cpu.vendor === "intel") return { mode: "ibrs", why: "spectre_v2=ibrs" };
  const explicit = askedEnhanced(context);
  if (explicit !== undefined && enhanced !== undefined) return { mode: explicit, why: `spectre_v2=${asked}` };
  const missing = explicit === undefined && asked.startsWith("eibrs,") ? "the kernel does not know it" : "the CPU has no such IBRS";
  const fallback = asked === "auto" ? "" : `spectre_v2=${asked}, but ${missing}, so AUTO: `;
  if (enhanced !== undefined) return { mode: "eibrs", why: `${fallback}${enhanced}` };
  const knowsRetbleed = settings.retbleed === "ibrs" || traits.knows.includes("retbleed");
  const retbleedWantsIbrs = settings.retbleed !== "off" && !(settings.retbleed === "stuff" && traits.callDepthTracking === "present");
  if (cpu.vendor === "intel" && knowsRetbleed && retbleedWantsIbrs && cpu.affectedBy.includes("retbleed")) {
    return { mode: "ibrs", why: `${fallback}retbleed needs IBRS on this CPU, and the kernel knows retbleed` };
  }
  const unasked =
    settings.retbleed === "stuff" && !retbleedWantsIbrs ? "retbleed=stuff does without legacy IBRS" : "nothing asks for legacy IBRS";
  return { mode: retpoline(context), why: `${fallback}no enhanced IBRS, and ${unasked}` };
}

/** Both at once came in March 2022 with the new wording of the line (1e19da8522c8, "Add eIBRS + Retpoline options"). */
function askedEnhanced({ traits, settings }: MitigationContext): SpectreV2Mode | undefined {
  const knowsBoth = traits.spectreV2Wording === "retpolines";
  switch (settings.spectre_v2) {
    case "eibrs":
      return "eibrs";
    case "eibrs,retpoline":
      return knowsBoth ? "eibrs_retpoline" : undefined;
    case "eibrs,lfence":
      return knowsBoth ? "eibrs_lfence" : undefined;
    case "auto":
    case "off":
    case "retpoline":
    case "ibrs":
      return undefined;
  }
}

function enhancedBy({ cpu, traits }: MitigationContext): string | undefined {
  if (cpu.hasEnhancedIbrs) return "the CPU has enhanced IBRS (X86_FEATURE_IBRS_ENHANCED)";
  return cpu.hasAutomaticIbrs && traits.automaticIbrs === "present" ? "the CPU has Automatic IBRS (X86_FEATURE_AUTOIBRS)" : undefined;
}

/** Before 2022 AMD's own form was an LFENCE, which was found wanting. */
const retpoline = ({ cpu, traits }: MitigationContext): "retpoline" | "lfence" =>
  cpu.vendor === "amd" && traits.spectreV2Wording === "full_generic_retpoline" ? "lfence" : "retpoline";
