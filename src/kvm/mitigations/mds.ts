/**
 * MDS: loads may sample what lingers in store, fill and load buffers. The kernel clears them with
 * VERW on the way back to user space and, unless an L1D flush stands there instead, before VM
 * entry.
 *
 * Linux: arch/x86/kernel/cpu/bugs.c mds_select_mitigation, mds_show_state (5.1, in RHEL 8.1).
 */
import { notAffected, withoutFile } from "../bug-status.ts";
import { askingForClear, bufferBugs, clearWording, missingMicrocode, namesOf, smtSuffix, verwClears } from "../clear-cpu-buffers.ts";
import type { Mitigation, VulnerabilityStatus } from "../mitigation.ts";

export const mds = {
  vulnerability: "mds",
  doc: "microarchitectural data sampling: VERW clears the CPU's buffers",
  source: "bugs.c mds_select_mitigation, mds_show_state",
  status(context): VulnerabilityStatus {
    if (!context.traits.knows.includes("mds")) return withoutFile(context, "mds");
    if (!bufferBugs(context).includes("mds")) return notAffected("mds");
    const smt = smtSuffix(context.smt);
    const asking = askingForClear(context);
    if (asking.length === 0) {
      const why = context.settings.all === "off" ? "mitigations=off" : "mds=off, and no other bug asks for VERW";
      return { state: "vulnerable", sysfs: `Vulnerable; ${smt}`, why };
    }
    const sysfs = `${clearWording(context)}; ${smt}`;
    if (!verwClears(context)) return { state: "vulnerable", sysfs, why: missingMicrocode(context) };
    const why = asking.includes("mds") ? "MD_CLEAR is there" : `mds=off, but ${namesOf(asking)} turned mds_user_clear on for both`;
    return { state: "mitigated", sysfs, why };
  },
} as const satisfies Mitigation;
