/**
 * What a kernel does against indirect target selection: thunks in the upper half of a cache line, or,
 * with retpolines, counting calls so that no return underflows.
 *
 * Linux: arch/x86/kernel/cpu/bugs.c its_select_mitigation (6.15 and stable).
 */
import { stuffsForRetbleed } from "./call-depth-retbleed.ts";
import type { MitigationContext } from "./mitigation.ts";
import { spectreV2Mode } from "./spectre-v2-mode.ts";

export interface ChosenIts {
  readonly mode: "not_live" | "off" | "vmexit" | "aligned_thunks" | "stuff";
  readonly why: string;
  /** An explicit mode says that the backport is there. */
  readonly implied: boolean;
}

export function itsMode(context: MitigationContext): ChosenIts {
  const { cpu, traits, settings } = context;
  const asked = settings.its;
  const implied = asked !== "auto" && asked !== "off";
  const chosen = (mode: ChosenIts["mode"], why: string): ChosenIts => ({ mode, why, implied });
  if (!cpu.affectedBy.includes("indirect_target_selection")) return chosen("not_live", "X86_BUG_ITS is not set for this CPU");
  if (!implied && !traits.knows.includes("indirect_target_selection")) return chosen("not_live", "the kernel has no code for ITS");
  if (settings.all === "off") return chosen("off", "mitigations=off");
  if (stuffsForRetbleed(context)) return chosen("stuff", "retpolines and retbleed=stuff mitigate ITS, too");
  if (asked === "off") return chosen("off", "indirect_target_selection=off");
  const { mode } = spectreV2Mode(context);
  if (mode === "off") return chosen("off", "spectre_v2 is off, which turns ITS' mitigation off");
  if (mode === "lfence" || mode === "eibrs_lfence") return chosen("off", "ITS' mitigation is not compatible with LFENCE for retpolines");
  if (asked === "vmexit" && cpu.itsNativeOnly) return chosen("vmexit", "indirect_target_selection=vmexit, and guests gain nothing by ITS");
  const canStuff = traits.callDepthTracking === "present" && (mode === "retpoline" || mode === "eibrs_retpoline");
  if (asked === "stuff" && canStuff) return chosen("stuff", "indirect_target_selection=stuff");
  return chosen("aligned_thunks", whyThunks(asked));
}

function whyThunks(asked: MitigationContext["settings"]["its"]): string {
  switch (asked) {
    case "stuff":
      return "indirect_target_selection=stuff needs retpolines and call depth tracking (6.2), so the default";
    case "vmexit":
      return "indirect_target_selection=vmexit, and the guest/host part of ITS affects this CPU";
    case "on":
      return "indirect_target_selection=on";
    case "auto":
    case "off":
      return "indirect_target_selection=on is the default";
  }
}
