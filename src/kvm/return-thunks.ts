/**
 * What AMD hosts do about returns: retbleed (Zen 1 and 2) and SRSO (Zen 1 to 4). Return thunks
 * keep returns out of the predictor's reach, and have to be prepared after each VM exit
 * (UNTRAIN_RET); the alternative is an IBPB there.
 *
 * Linux: arch/x86/kernel/cpu/bugs.c retbleed_select_mitigation (5.19 and stable),
 * srso_select_mitigation (6.5 and stable); svm/vmenter.S UNTRAIN_RET_VM.
 */
import type { MitigationContext } from "./mitigation.ts";

/** Families whose IBPB flushes branch types without new microcode: Zen 1 and 2. */
const isZen1Or2 = ({ cpu }: MitigationContext): boolean => cpu.family === 0x17;

export interface ChosenReturns<Mode> {
  readonly mode: Mode;
  readonly why: string;
}

/** retbleed on AMD; `not_live` where the bug or the kernel's knowledge of it is missing. */
export function amdRetbleed({ cpu, traits, settings }: MitigationContext): ChosenReturns<"not_live" | "off" | "unret" | "ibpb"> {
  const asked = settings.retbleed;
  const known = traits.knows.includes("retbleed") || asked === "unret" || asked === "ibpb";
  const hasBug = cpu.vendor === "amd" && cpu.affectedBy.includes("retbleed");
  if (!hasBug) return { mode: "not_live", why: "the CPU has no retbleed as AMD's have" };
  if (!known) return { mode: "not_live", why: "the kernel has no code for retbleed" };
  if (settings.all === "off") return { mode: "off", why: "mitigations=off" };
  if (asked === "off" || asked === "ibpb") return { mode: asked, why: `retbleed=${asked}` };
  return { mode: "unret", why: "retbleed=auto is unret on AMD (X86_FEATURE_UNRET)" };
}

export type SrsoMode = "not_live" | "smt_off" | "off" | "microcode" | "safe_ret" | "ibpb" | "ibpb_vmexit";

/** spec_rstack_overflow; what it needs of the microcode is `srsoHasMicrocode`. */
export function srsoMode(context: MitigationContext): ChosenReturns<SrsoMode> {
  const { cpu, traits, settings, smt } = context;
  const asked = settings.srso;
  const explicit = asked !== "auto" && asked !== "off";
  if (!cpu.affectedBy.includes("spec_rstack_overflow")) return { mode: "not_live", why: "the CPU has no SRSO" };
  if (!traits.knows.includes("spec_rstack_overflow") && !explicit) return { mode: "not_live", why: "the kernel has no code for SRSO" };
  if (settings.all === "off") return { mode: "off", why: "mitigations=off" };
  if (isZen1Or2(context) && !smt) return { mode: "smt_off", why: "Zen 1 and 2 are not vulnerable without SMT (X86_FEATURE_SRSO_NO)" };
  switch (asked) {
    case "off":
      return { mode: "off", why: "spec_rstack_overflow=off" };
    case "microcode":
    case "ibpb":
      return { mode: asked, why: `spec_rstack_overflow=${asked}` };
    case "ibpb-vmexit":
      return { mode: "ibpb_vmexit", why: "spec_rstack_overflow=ibpb-vmexit" };
    case "safe-ret":
      return { mode: "safe_ret", why: "spec_rstack_overflow=safe-ret" };
    case "auto":
      return amdRetbleed(context).mode === "ibpb"
        ? { mode: "ibpb", why: "retbleed=ibpb covers it" }
        : { mode: "safe_ret", why: "spec_rstack_overflow=safe-ret is the default" };
  }
}

/** X86_FEATURE_IBPB_BRTYPE: an IBPB flushes branch types, too. */
export const srsoHasMicrocode = (context: MitigationContext): boolean => isZen1Or2(context) || context.settings.microcode === "current";

/** UNTRAIN_RET runs after each exit (X86_FEATURE_UNRET). */
export const untrainsReturns = (context: MitigationContext): boolean =>
  amdRetbleed(context).mode === "unret" || srsoMode(context).mode === "safe_ret";

/** An IBPB runs after each exit (X86_FEATURE_IBPB_ON_VMEXIT). */
export function ibpbOnVmexit(context: MitigationContext): boolean {
  const srso = srsoMode(context).mode;
  const bySrso = (srso === "ibpb" || srso === "ibpb_vmexit") && srsoHasMicrocode(context);
  return amdRetbleed(context).mode === "ibpb" || bySrso;
}
