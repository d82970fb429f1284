/**
 * Branch history injection: enhanced IBRS keeps a guest's branch targets out of the host, but not
 * its branch history, which picks among the host's own targets. The remedy is a bit of SPEC_CTRL
 * (BHI_DIS_S) where the CPU has it, else a loop that clears the history after each exit.
 *
 * Linux: arch/x86/kernel/cpu/bugs.c bhi_select_mitigation, spectre_bhi_state (6.9 and stable);
 * vmx/vmenter.S CLEAR_BRANCH_HISTORY_VMEXIT.
 */
import type { MitigationContext } from "./mitigation.ts";
import { spectreV2Mode } from "./spectre-v2-mode.ts";

export type BhiMode = "unknown" | "not_affected" | "off" | "bhi_dis_s" | "retpoline" | "loop" | "loop_after_vmexit";

/** What the kernel selects; `unknown` to kernels without code for it. */
export function bhiMode(context: MitigationContext): { readonly mode: BhiMode; readonly why: string } {
  const { cpu, traits, settings } = context;
  const asked = settings.bhi;
  if (traits.bhi === "unknown" && asked !== "on" && asked !== "vmexit") return { mode: "unknown", why: "the kernel has no code for BHI" };
  if (cpu.bhi === "not_affected") return { mode: "not_affected", why: "X86_BUG_BHI is not set for this CPU" };
  if (settings.all === "off") return { mode: "off", why: "mitigations=off" };
  if (asked === "off") return { mode: "off", why: "spectre_bhi=off" };
  if (spectreV2Mode(context).mode === "off") return { mode: "off", why: "spectre_v2 is off" };
  if (cpu.bhi === "bhi_dis_s") {
    const { mode } = spectreV2Mode(context);
    return mode === "retpoline" || mode === "eibrs_retpoline"
      ? { mode: "retpoline", why: "retpolines, and alternate predictions are off (RRSBA_DIS)" }
      : { mode: "bhi_dis_s", why: "the CPU has BHI_CTRL: SPEC_CTRL.BHI_DIS_S stays set" };
  }
  if (asked === "vmexit") return { mode: "loop_after_vmexit", why: "spectre_bhi=vmexit" };
  return { mode: "loop", why: "no BHI_CTRL, so a loop clears the branch history at system calls and after VM exits" };
}

/** The part of the spectre_v2 line; empty on kernels that know nothing of it. */
export function bhiWords(mode: BhiMode): string {
  switch (mode) {
    case "unknown":
      return "";
    case "not_affected":
      return "BHI: Not affected";
    case "off":
      return "BHI: Vulnerable";
    case "bhi_dis_s":
      return "BHI: BHI_DIS_S";
    case "retpoline":
      return "BHI: Retpoline";
    case "loop":
      return "BHI: SW loop, KVM: SW loop";
    case "loop_after_vmexit":
      return "BHI: Vulnerable, KVM: SW loop";
  }
}

/** CLEAR_BRANCH_HISTORY_VMEXIT runs after each exit. */
export const clearsBranchHistory = (context: MitigationContext): boolean => {
  const { mode } = bhiMode(context);
  return mode === "loop" || mode === "loop_after_vmexit";
};
