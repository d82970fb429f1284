/**
 * Where an AMD host clears buffers against TSA: towards user space, before VMRUN, or both.
 *
 * Linux: arch/x86/kernel/cpu/bugs.c tsa_select_mitigation (6.16 and stable).
 */
import type { MitigationContext } from "./mitigation.ts";

export interface ChosenTsa {
  readonly mode: "none" | "full" | "user" | "vm";
  readonly why: string;
  /** An explicit mode says that the backport is there. */
  readonly implied: boolean;
}

export function tsaMode({ cpu, traits, settings }: MitigationContext): ChosenTsa {
  const asked = settings.tsa;
  const implied = asked === "on" || asked === "user" || asked === "vm";
  const none = (why: string): ChosenTsa => ({ mode: "none", why, implied });
  if (!cpu.affectedBy.includes("tsa")) return none("X86_BUG for tsa is not set for this CPU");
  if (!implied && !traits.knows.includes("tsa")) return none("the kernel has no code for TSA");
  if (settings.all === "off") return none("mitigations=off");
  if (asked === "off") return none("tsa=off");
  if (settings.microcode === "old") return none("no VERW_CLEAR: the microcode does not clear the core's buffers");
  if (asked === "user" || asked === "vm") return { mode: asked, why: `tsa=${asked} on the command line`, implied };
  return { mode: "full", why: `tsa=on${asked === "auto" ? " is the default" : ""}, and VERW clears (VERW_CLEAR)`, implied };
}
