/**
 * VMSCAPE: a guest may steer the user space of its host, QEMU, by what it left in the branch
 * predictor. The remedy is an IBPB before the first return to user space after the guest ran; exits
 * that stay in the kernel pay nothing.
 *
 * Linux: arch/x86/kernel/cpu/bugs.c vmscape_select_mitigation (6.17 and stable).
 */
import { mitigated, statusWhereLive, vulnerable } from "../bug-status.ts";
import type { Mitigation, VulnerabilityStatus } from "../mitigation.ts";
import { vmscapeMode } from "../vmscape-mode.ts";

const WORDS = { to_userspace: "Mitigation: IBPB before exit to userspace", on_vmexit: "Mitigation: IBPB on VMEXIT" } as const;

export const vmscape = {
  vulnerability: "vmscape",
  doc: "guest to host user space: an IBPB before QEMU runs again",
  source: "bugs.c vmscape_select_mitigation, vmscape_strings",
  status(context): VulnerabilityStatus {
    const { mode, why } = vmscapeMode(context);
    const live = (): VulnerabilityStatus => (mode === "none" ? vulnerable(why) : mitigated(WORDS[mode], why));
    return statusWhereLive(context, "vmscape", live, { implied: context.settings.vmscape === "ibpb" });
  },
} as const satisfies Mitigation;
