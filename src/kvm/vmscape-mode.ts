/**
 * Where a host issues an IBPB between a guest and QEMU: before the exit to user space, unless
 * every VM exit issues one anyway.
 *
 * Linux: arch/x86/kernel/cpu/bugs.c vmscape_select_mitigation (6.17 and stable).
 */
import type { MitigationContext } from "./mitigation.ts";
import { ibpbOnVmexit } from "./return-thunks.ts";

export interface ChosenVmscape {
  readonly mode: "none" | "to_userspace" | "on_vmexit";
  readonly why: string;
}

export function vmscapeMode(context: MitigationContext): ChosenVmscape {
  const { cpu, traits, settings } = context;
  if (!cpu.affectedBy.includes("vmscape")) return { mode: "none", why: "X86_BUG for vmscape is not set for this CPU" };
  if (!traits.knows.includes("vmscape") && settings.vmscape !== "ibpb") return { mode: "none", why: "the kernel has no code for VMSCAPE" };
  if (settings.all === "off") return { mode: "none", why: "mitigations=off" };
  if (settings.vmscape === "off") return { mode: "none", why: "vmscape=off" };
  if (ibpbOnVmexit(context)) return { mode: "on_vmexit", why: "each VM exit issues an IBPB already" };
  return { mode: "to_userspace", why: "X86_FEATURE_IBPB_EXIT_TO_USER: an IBPB before user space runs after the guest" };
}
