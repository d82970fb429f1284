/**
 * TAA, TSX asynchronous abort: an aborting transaction may sample the same buffers as MDS. No TSX,
 * no TAA; else the remedy is VERW again. On Cascade Lake (MDS_NO) VERW clears only with the
 * microcode that brings TSX_CTRL; without it the kernel executes VERW at every entry all the same,
 * "attempted, no microcode", because it cannot know what lies below it in a VM.
 *
 * Linux: arch/x86/kernel/cpu/bugs.c taa_select_mitigation, tsx_async_abort_show_state (5.4, in
 * RHEL 8.1); common.c cpu_set_bug_bits, which finds no bug where microcode hid RTM before.
 */
import { isKnownBug, notAffected, withoutFile } from "../bug-status.ts";
import { askingForClear, clearWording, missingMicrocode, namesOf, smtSuffix, verwClears } from "../clear-cpu-buffers.ts";
import type { Mitigation, VulnerabilityStatus } from "../mitigation.ts";

export const taa = {
  vulnerability: "tsx_async_abort",
  doc: "TSX asynchronous abort: VERW clears the CPU's buffers while RTM is there",
  source: "bugs.c taa_select_mitigation, tsx_async_abort_show_state",
  status(context): VulnerabilityStatus {
    if (!context.traits.knows.includes("tsx_async_abort")) return withoutFile(context, "tsx_async_abort");
    if (!isKnownBug(context, "tsx_async_abort")) return notAffected("tsx_async_abort");
    if (!context.rtm && !context.cpu.hasRtm) return notAffected("tsx_async_abort");
    if (!context.rtm) return { state: "mitigated", sysfs: "Mitigation: TSX disabled", why: "RTM is absent (tsx=off)" };
    const asking = askingForClear(context);
    if (asking.length === 0) {
      const why = context.settings.all === "off" ? "mitigations=off" : "tsx_async_abort=off, and no other bug asks for VERW";
      return { state: "vulnerable", sysfs: "Vulnerable", why };
    }
    const sysfs = `${clearWording(context)}; ${smtSuffix(context.smt)}`;
    if (!verwClears(context)) return { state: "vulnerable", sysfs, why: missingMicrocode(context) };
    const why = asking.includes("tsx_async_abort")
      ? "RTM is present and the microcode clears"
      : `tsx_async_abort=off, but ${namesOf(asking)} keeps mds_user_clear on for both`;
    return { state: "mitigated", sysfs, why };
  },
} as const satisfies Mitigation;
