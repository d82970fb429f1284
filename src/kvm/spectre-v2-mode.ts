/**
 * What a kernel does against branch target injection. It keeps indirect branches out of the
 * predictor (retpolines; on AMD before 2022 an LFENCE), or restricts the predictor: enhanced or
 * automatic IBRS once at boot, legacy IBRS by a write of SPEC_CTRL at each kernel entry and exit.
 *
 * Linux: arch/x86/kernel/cpu/bugs.c spectre_v2_select_mitigation (4.18 to 6.18).
 */
import type { MitigationContext } from "./mitigation.ts";

export type SpectreV2Mode = "off" | "retpoline" | "lfence" | "ibrs" | "eibrs";

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
  if (asked === "eibrs" && enhanced !== undefined) return { mode: "eibrs", why: "spectre_v2=eibrs" };
  const fallback = asked === "auto" ? "" : `spectre_v2=${asked}, but the CPU has no such IBRS, so AUTO: `;
  if (enhanced !== undefined) return { mode: "eibrs", why: `${fallback}${enhanced}` };
  const knowsRetbleed = settings.retbleed === "ibrs" || traits.knows.includes("retbleed");
  if (cpu.vendor === "intel" && knowsRetbleed && settings.retbleed !== "off" && cpu.affectedBy.includes("retbleed")) {
    return { mode: "ibrs", why: `${fallback}retbleed needs IBRS on this CPU, and the kernel knows retbleed` };
  }
  return { mode: retpoline(context), why: `${fallback}no enhanced IBRS, and nothing asks for legacy IBRS` };
}

function enhancedBy({ cpu, traits }: MitigationContext): string | undefined {
  if (cpu.hasEnhancedIbrs) return "the CPU has enhanced IBRS (X86_FEATURE_IBRS_ENHANCED)";
  return cpu.hasAutomaticIbrs && traits.automaticIbrs === "present" ? "the CPU has Automatic IBRS (X86_FEATURE_AUTOIBRS)" : undefined;
}

/** Before 2022 AMD's own form was an LFENCE, which was found wanting. */
const retpoline = ({ cpu, traits }: MitigationContext): "retpoline" | "lfence" =>
  cpu.vendor === "amd" && traits.spectreV2Wording === "full_generic_retpoline" ? "lfence" : "retpoline";
