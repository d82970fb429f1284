/** The part of an explanation about CPU bugs: sysfs as the host prints it, and the work per entry. */
import type { Explanation } from "./explanation.ts";
import type { VulnerabilityStatus } from "./mitigation.ts";
import { MITIGATIONS, VULNERABILITIES } from "./mitigations.ts";
import type { ResolvedHost } from "./resolved.ts";

const SYSFS = "/sys/devices/system/cpu/vulnerabilities";

/** Each bug with its sysfs line, then what each entry and exit does about all of them. */
export function explainMitigations(host: ResolvedHost): readonly Explanation[] {
  const bugs = VULNERABILITIES.map((bug) => {
    const status = host.vulnerabilities[bug];
    return { subject: "host", predicate: `${SYSFS}/${bug}`, value: lineOf(status), why: status.why, source: MITIGATIONS[bug].source };
  });
  return [...bugs, ...explainEntryWork(host)];
}

const lineOf = ({ sysfs, state }: VulnerabilityStatus): string => (sysfs === "" ? `no such file (${state.replace("_", " ")})` : sysfs);

function explainEntryWork({ entryWork, vulnerabilities }: ResolvedHost): readonly Explanation[] {
  const { verw, verwWhy, verwForAssignedDevice, l1dFlush, l1dFlushWhy, retpolines, rsbFill, ibrs, pti } = entryWork;
  const spectreV2Why = vulnerabilities.spectre_v2.why;
  const withDevice = verwForAssignedDevice === verw ? "" : `, ${verwForAssignedDevice} for VMs with an assigned device`;
  const rows: readonly Omit<Explanation, "subject">[] = [
    {
      predicate: "VERW before entry",
      value: `${verw}${withDevice}`,
      why: verwWhy,
      source: "vmx.c vmx_vcpu_enter_exit, mds_user_clear",
    },
    {
      predicate: "vmentry_l1d_flush",
      value: l1dFlush,
      why: l1dFlushWhy,
      source: "vmx.c vmx_setup_l1d_flush, vmx_l1d_flush",
    },
    {
      predicate: "host SPEC_CTRL.IBRS",
      value: ibrs,
      why: spectreV2Why,
      source: "vmx.c vmx_spec_ctrl_restore_host; bugs.c spectre_v2_select_mitigation",
    },
    {
      predicate: "X86_FEATURE_RETPOLINE",
      value: onOff(retpolines),
      why: spectreV2Why,
      source: "bugs.c spectre_v2_select_mitigation",
    },
    {
      predicate: "RSB filled after exit",
      value: onOff(rsbFill),
      why: rsbFill ? "retpolines or legacy IBRS: vmenter.S fills the return stack buffer" : "neither retpolines nor legacy IBRS",
      source: "vmenter.S FILL_RETURN_BUFFER",
    },
    { predicate: "X86_FEATURE_PTI", value: onOff(pti), why: vulnerabilities.meltdown.why, source: "mm/pti.c" },
  ];
  return rows.map((row) => ({ subject: "host", ...row }));
}

const onOff = (value: boolean): string => (value ? "on" : "off");
