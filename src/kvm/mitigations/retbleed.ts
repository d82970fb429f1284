/**
 * Retbleed: returns take predicted targets, so retpolines do not help. On Intel (after an
 * underflow of the return stack) the remedy is IBRS, legacy or enhanced, which spectre_v2
 * selects; this bug only reports it, and makes spectre_v2's automatic choice on Skylake fall on
 * legacy IBRS. On AMD it is a return thunk of its own, prepared after each exit.
 *
 * Linux: arch/x86/kernel/cpu/bugs.c retbleed_select_mitigation, retbleed_show_state (5.19 and
 * stable). The mode `ibrs` says that the backport is there; spectre_v2's own explicit mode still
 * wins, as in the kernel. `stuff` is call depth tracking, which says nothing of backports: a
 * kernel without it ignores the option.
 */
import { mitigated, notAffected, vulnerable, withoutFile } from "../bug-status.ts";
import type { Mitigation, MitigationContext, VulnerabilityStatus } from "../mitigation.ts";
import { countsCallDepth } from "../call-depth.ts";
import { amdRetbleed } from "../return-thunks.ts";
import { isEnhanced, spectreV2Mode } from "../spectre-v2-mode.ts";

function onAmd(context: MitigationContext): VulnerabilityStatus {
  const { mode, why } = amdRetbleed(context);
  if (mode === "off" || mode === "not_live") return vulnerable(why);
  const smt = context.smt ? (context.cpu.hasStibp ? "enabled with STIBP protection" : "vulnerable") : "disabled";
  return mitigated(`Mitigation: ${mode === "unret" ? "untrained return thunk" : "IBPB"}; SMT ${smt}`, why);
}

function onIntel(context: MitigationContext): VulnerabilityStatus {
  const { settings } = context;
  if (settings.all === "off") return vulnerable("mitigations=off");
  const { mode, why } = spectreV2Mode(context);
  const name = settings.retbleed === "off" ? undefined : mode === "ibrs" ? "IBRS" : isEnhanced(mode) ? "Enhanced IBRS" : undefined;
  if (name === undefined && countsCallDepth(context)) {
    const by = settings.retbleed === "stuff" ? "retbleed=stuff" : "indirect_target_selection=stuff";
    return mitigated("Mitigation: Stuffing", `${by}: returns are counted and do not underflow`);
  }
  if (settings.retbleed === "off") return vulnerable("retbleed=off");
  if (name === undefined) return vulnerable(`spectre_v2 selected no IBRS: ${why}`);
  return mitigated(`Mitigation: ${name}`, `spectre_v2 selected ${name}: ${why}`);
}

export const retbleed = {
  vulnerability: "retbleed",
  doc: "arbitrary speculation through returns: IBRS or call depth tracking on Intel, return thunks on AMD",
  source: "bugs.c retbleed_select_mitigation, retbleed_show_state",
  status(context): VulnerabilityStatus {
    const { cpu, traits, settings } = context;
    const implied = settings.retbleed === "ibrs" || settings.retbleed === "unret" || settings.retbleed === "ibpb";
    if (!traits.knows.includes("retbleed") && !implied) {
      const unknown = withoutFile(context, "retbleed");
      const enhanced = cpu.affectedBy.includes("retbleed") && isEnhanced(spectreV2Mode(context).mode);
      return enhanced ? { ...unknown, state: "mitigated", why: "enhanced IBRS covers it; the kernel has no file for retbleed" } : unknown;
    }
    if (!cpu.affectedBy.includes("retbleed")) return notAffected("retbleed");
    return cpu.vendor === "amd" ? onAmd(context) : onIntel(context);
  },
} as const satisfies Mitigation;
