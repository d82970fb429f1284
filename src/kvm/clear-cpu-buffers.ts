/**
 * VERW as a shared remedy. MDS, TAA and MMIO stale data are all cured by clearing the CPU's
 * buffers before going back to the guest, and the kernel has one switch for it
 * (`mds_user_clear`, a static key). So one `=off` alone takes nothing away while another of the
 * bugs still asks for it.
 *
 * Linux: arch/x86/kernel/cpu/bugs.c mds_select_mitigation, taa_select_mitigation (5.5 on), mmio_select_mitigation (5.19 on).
 */
import { isKnownBug } from "./bug-status.ts";
import type { MitigationContext } from "./mitigation.ts";

type BufferBug = "mds" | "tsx_async_abort" | "mmio_stale_data";
const SETTING = { mds: "mds", tsx_async_abort: "taa", mmio_stale_data: "mmio_stale_data" } as const;

/** Buffer bugs of this CPU that this kernel knows and that are live; TAA needs RTM. */
export function bufferBugs(context: MitigationContext): readonly BufferBug[] {
  const bugs = Object.keys(SETTING) as BufferBug[];
  return bugs.filter((bug) => isKnownBug(context, bug) && (bug !== "tsx_async_abort" || context.rtm));
}

/** Bugs whose own key does not say off: each of them turns the clearing on, for all of them. */
export function askingForClear(context: MitigationContext): readonly BufferBug[] {
  if (context.settings.all === "off") return [];
  return bufferBugs(context).filter((bug) => context.settings[SETTING[bug]] !== "off");
}

/**
 * VERW clears buffers on this microcode. It needs MD_CLEAR, and on a CPU with MDS_NO also the
 * TSX_CTRL MSR, which came with the same update: `old` has neither.
 */
export const verwClears = ({ settings }: MitigationContext): boolean => settings.microcode === "current";

/** The sysfs words of a bug that VERW is executed for. */
export const clearWording = (context: MitigationContext): string =>
  verwClears(context) ? "Mitigation: Clear CPU buffers" : "Vulnerable: Clear CPU buffers attempted, no microcode";

/** Why VERW does not clear: the microcode that is missing. */
export const missingMicrocode = ({ cpu }: MitigationContext): string =>
  cpu.mdsNo ? "MDS_NO=1 without the TSX_CTRL MSR: VERW does not clear" : "no MD_CLEAR: VERW does not clear";

/** Who turned the clearing on, in words: "mds and tsx_async_abort". */
export const namesOf = (bugs: readonly string[]): string => bugs.join(" and ");

/** The suffix about the sibling thread. */
export const smtSuffix = (smt: boolean): string => `SMT ${smt ? "vulnerable" : "disabled"}`;
