/** The part of an explanation about CPU bugs: sysfs as the host prints it, and the work per entry. */
import { entryCycles } from "./explain-entry-cycles.ts";
import type { Explanation } from "./explanation.ts";
import type { VulnerabilityStatus } from "./mitigation.ts";
import { MITIGATIONS, VULNERABILITIES } from "./mitigations.ts";
import type { ResolvedHost } from "./resolved.ts";

const SYSFS = "/sys/devices/system/cpu/vulnerabilities";

/** Each bug with its sysfs line, then what each entry and exit does about all of them. */
export function explainMitigations(host: ResolvedHost): readonly Explanation[] {
  const bugs = VULNERABILITIES.map((bug): Explanation => {
    const status = host.vulnerabilities[bug];
    return {
      topic: "bugs",
      subject: "host",
      predicate: `${SYSFS}/${bug}`,
      value: lineOf(status),
      why: status.why,
      source: MITIGATIONS[bug].source,
    };
  });
  return [...bugs, ...explainEntryWork(host)];
}

type Row = Omit<Explanation, "subject" | "topic">;

const lineOf = ({ sysfs, state }: VulnerabilityStatus): string => (sysfs === "" ? `no such file (${state.replace("_", " ")})` : sysfs);

function explainEntryWork(host: ResolvedHost): readonly Explanation[] {
  const { entryWork, vulnerabilities } = host;
  const { verw, verwWhy, verwForAssignedDevice, l1dFlush, l1dFlushWhy, retpolines, callDepth, ibrs, pti } = entryWork;
  const spectreV2Why = vulnerabilities.spectre_v2.why;
  const withDevice = verwForAssignedDevice === verw ? "" : `, ${verwForAssignedDevice} for VMs with an assigned device`;
  const rows: readonly Row[] = [
    {
      predicate: "VERW before entry",
      value: `${verw}${withDevice}`,
      why: verwWhy,
      source: host.cpu.vendor === "amd" ? "svm/vmenter.S VM_CLEAR_CPU_BUFFERS" : VERW_PLACES[host.traits.verw],
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
      predicate: "X86_FEATURE_CALL_DEPTH",
      value: onOff(callDepth),
      why: `retbleed: ${vulnerabilities.retbleed.why}; ITS: ${vulnerabilities.indirect_target_selection.why}`,
      source: "bugs.c RETBLEED_CMD_STUFF, its_select_mitigation",
    },
    ...afterExit(host),
    ...towardsUserspace(host),
    { predicate: "X86_FEATURE_PTI", value: onOff(pti), why: vulnerabilities.meltdown.why, source: "mm/pti.c" },
  ];
  const cyclesOf = entryCycles(host);
  return rows.map((row) => {
    const cycles = cyclesOf[row.predicate];
    return { topic: "entries", subject: "host", ...row, ...(cycles === undefined ? {} : { cycles }) };
  });
}

/** Where VERW stands, by the kernel's era. */
const VERW_PLACES = {
  only_without_l1d_flush: "vmx.c vmx_vcpu_enter_exit, mds_user_clear",
  always: "vmx/vmenter.S CLEAR_CPU_BUFFERS before VMLAUNCH",
  per_vm: "vmx/vmenter.S VM_CLEAR_CPU_BUFFERS before VMLAUNCH",
} as const;

/** What runs right after each exit. */
function afterExit({ entryWork, vulnerabilities }: ResolvedHost): readonly Row[] {
  const { rsbFill, rsbOneCall, clearBranchHistory, untrainReturns, ibpb } = entryWork;
  const bugs = vulnerabilities;
  return [
    {
      predicate: "RSB filled after exit",
      value: rsbFill ? "on" : rsbOneCall ? "one call" : "off",
      why: rsbFill
        ? "retpolines or legacy IBRS: vmenter.S fills the return stack buffer"
        : rsbOneCall
          ? "enhanced IBRS and PBRSB: one call before the first return is enough (RSB_VMEXIT_LITE)"
          : "neither retpolines nor legacy IBRS",
      source: "vmenter.S FILL_RETURN_BUFFER",
    },
    {
      predicate: "branch history cleared after exit",
      value: onOff(clearBranchHistory),
      why: clearBranchHistory ? "BHI: no BHI_DIS_S on this CPU, so a loop clears it" : `BHI asks for no loop: ${bugs.spectre_v2.why}`,
      source: "vmx/vmenter.S CLEAR_BRANCH_HISTORY_VMEXIT",
    },
    {
      predicate: "returns untrained after exit",
      value: onOff(untrainReturns),
      why: `retbleed: ${bugs.retbleed.why}; SRSO: ${bugs.spec_rstack_overflow.why}`,
      source: "svm/vmenter.S UNTRAIN_RET_VM",
    },
    {
      predicate: "IBPB after exit",
      value: onOff(ibpb === "on_vmexit"),
      why: `retbleed: ${bugs.retbleed.why}; SRSO: ${bugs.spec_rstack_overflow.why}`,
      source: "vmenter.S IBPB_ON_VMEXIT",
    },
  ];
}

/** What runs only when an exit goes to QEMU. */
function towardsUserspace({ entryWork, vulnerabilities, cpu }: ResolvedHost): readonly Row[] {
  const { ibpb, verwToUserspace } = entryWork;
  const buffers = cpu.vendor === "amd" ? vulnerabilities.tsa : vulnerabilities.mds;
  return [
    {
      predicate: "IBPB before exit to user space",
      value: onOff(ibpb === "to_userspace"),
      why: vulnerabilities.vmscape.why,
      source: "x86.c vcpu_enter_guest, bugs.c vmscape_select_mitigation",
    },
    {
      predicate: "VERW before exit to user space",
      value: verwToUserspace,
      why: verwToUserspace === "none" ? "no live bug asks for it" : `the same switch as for entries: ${buffers.why}`,
      source: "entry code CLEAR_CPU_BUFFERS, mds_user_clear_cpu_buffers",
    },
  ];
}

const onOff = (value: boolean): string => (value ? "on" : "off");
