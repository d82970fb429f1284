/**
 * Spectre v2: the guest must not steer the host's indirect branches. One line of sysfs tells of
 * the chosen mode and of everything that was found beside it since: barriers between tasks,
 * sibling threads, the return stack, branch history.
 *
 * Linux: arch/x86/kernel/cpu/bugs.c cpu_show_common, spectre_v2_show_state (4.18 to 6.18).
 * Simplified: firmware calls, seccomp and STIBP per task cost nothing here; IBPB and IBRS are in
 * every microcode we speak of (2018), `old` included (assumed).
 */
import { bhiMode, bhiWords } from "../branch-history.ts";
import type { Mitigation, MitigationContext, VulnerabilityStatus } from "../mitigation.ts";
import { amdRetbleed } from "../return-thunks.ts";
import { isEnhanced, type SpectreV2Mode, spectreV2Mode } from "../spectre-v2-mode.ts";

function nameOf({ traits }: MitigationContext, mode: SpectreV2Mode): string {
  switch (mode) {
    case "off":
      return "Vulnerable";
    case "retpoline":
      return `Mitigation: ${traits.spectreV2Wording === "retpolines" ? "Retpolines" : "Full generic retpoline"}`;
    case "lfence":
      return "Mitigation: Full AMD retpoline";
    case "ibrs":
      return "Mitigation: IBRS";
    case "eibrs":
    case "eibrs_retpoline":
    case "eibrs_lfence": {
      const base = traits.automaticIbrs === "present" ? "Enhanced / Automatic IBRS" : "Enhanced IBRS";
      return `Mitigation: ${base}${mode === "eibrs" ? "" : mode === "eibrs_retpoline" ? " + Retpolines" : " + LFENCE"}`;
    }
  }
}

/** USE_IBRS_FW: IBRS round calls of firmware, where the kernel itself does without. */
function firmware(context: MitigationContext, mode: SpectreV2Mode): string {
  const amdUsesIbpb = amdRetbleed(context).mode !== "not_live";
  return (mode === "retpoline" || mode === "lfence") && context.cpu.hasStibp && !amdUsesIbpb ? "IBRS_FW" : "";
}

/** stibp_state(): Intel's enhanced IBRS implies STIBP and prints nothing. */
function stibp(context: MitigationContext, mode: SpectreV2Mode): string {
  const { cpu, smt } = context;
  if (isEnhanced(mode) && cpu.vendor === "intel") return "";
  if (mode === "off" || !smt || !cpu.hasStibp) return "STIBP: disabled";
  const retbleed = amdRetbleed(context).mode;
  return cpu.prefersStibpAlwaysOn || retbleed === "unret" || retbleed === "ibpb" ? "STIBP: always-on" : "STIBP: conditional";
}

/** pbrsb_eibrs_state(), on kernels that know it. */
function pbrsb({ cpu, traits }: MitigationContext, mode: SpectreV2Mode): string {
  if (traits.pbrsb === "unknown") return "";
  return `PBRSB-eIBRS: ${cpu.hasPbrsb ? (mode === "off" ? "Vulnerable" : "SW sequence") : "Not affected"}`;
}

function line(context: MitigationContext, mode: SpectreV2Mode): string {
  const bhi = bhiMode(context).mode;
  const parts = [
    nameOf(context, mode),
    `IBPB: ${mode === "off" ? "disabled" : "conditional"}`,
    firmware(context, mode),
    stibp(context, mode),
    mode === "off" ? "" : "RSB filling",
    pbrsb(context, mode),
    bhiWords(bhi),
  ];
  // The commit that knows BHI also changed what stands between the parts.
  return parts.filter((part) => part !== "").join(bhi === "unknown" ? ", " : "; ");
}

export const spectreV2 = {
  vulnerability: "spectre_v2",
  doc: "branch target injection: retpolines, legacy IBRS or enhanced IBRS",
  source: "bugs.c spectre_v2_select_mitigation and cpu_show_common; order of the suffixes: assumed as in 5.8",
  status(context): VulnerabilityStatus {
    const { mode, why } = spectreV2Mode(context);
    return { state: mode === "off" ? "vulnerable" : "mitigated", sysfs: line(context, mode), why };
  },
} as const satisfies Mitigation;
