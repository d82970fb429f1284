/**
 * What every VM entry and exit does because of mitigations, fastpath re-entries included: the
 * code sits in `vmx_vcpu_enter_exit`, inside the inner run loop, so a fastpath saves none of it.
 *
 * Linux: arch/x86/kvm/vmx/vmx.c vmx_vcpu_enter_exit, vmx_l1d_flush; vmx/vmenter.S, svm/vmenter.S.
 * While the L1D-flush key and VERW are two arms of one `if`, VERW never runs with the key on, also
 * when the conditional flush decides not to flush. In assembly right before VMLAUNCH it stands
 * alone. Simplified: FB_CLEAR_DIS is never toggled.
 */
import { bhiMode, clearsBranchHistory } from "./branch-history.ts";
import { countsCallDepth } from "./call-depth.ts";
import { askingForClear, bufferBugs, missingMicrocode, namesOf, verwClears } from "./clear-cpu-buffers.ts";
import type { EntryWork, MitigationContext } from "./mitigation.ts";
import { type ChosenL1dFlush, l1dFlushMode } from "./mitigations/l1tf.ts";
import { hasPti } from "./mitigations/meltdown.ts";
import { ibpbOnVmexit, untrainsReturns } from "./return-thunks.ts";
import { isEnhanced, spectreV2Mode } from "./spectre-v2-mode.ts";
import { tsaMode } from "./tsa-mode.ts";
import { vmscapeMode } from "./vmscape-mode.ts";

type Verw = EntryWork["verw"];
interface ChosenVerw {
  readonly verw: Verw;
  readonly verwWhy: string;
  readonly verwForAssignedDevice: Verw;
}

/** Mitigation work per entry and exit of a host, each part with its reason where it has a switch of its own. */
export function entryWork(context: MitigationContext): EntryWork {
  const { cpu, traits } = context;
  const flush = l1dFlushMode(context);
  const { mode } = spectreV2Mode(context);
  // Automatic IBRS is a bit of EFER; SPEC_CTRL has no part in it.
  const ibrs = mode === "ibrs" ? "legacy" : isEnhanced(mode) && cpu.vendor === "intel" ? "enhanced" : "none";
  const retpolines = mode !== "off" && mode !== "ibrs" && mode !== "eibrs";
  return {
    ...chooseVerw(context, flush),
    verwToUserspace: verwToUserspace(context),
    l1dFlush: flush.mode,
    l1dFlushWhy: flush.why,
    // The LFENCE form counts as one (assumed: as dear as a retpoline).
    retpolines,
    callDepth: countsCallDepth(context),
    // X86_FEATURE_RSB_VMEXIT with retpolines or legacy IBRS, RSB_VMEXIT_LITE with enhanced IBRS and PBRSB;
    // before, X86_FEATURE_RETPOLINE alone said so, which LFENCE sets, too.
    rsbFill: (retpolines && !(mode === "eibrs_lfence" && traits.pbrsb === "known")) || ibrs === "legacy",
    rsbOneCall: (mode === "eibrs" || mode === "eibrs_lfence") && cpu.hasPbrsb && traits.pbrsb === "known",
    ibrs,
    clearBranchHistory: clearsBranchHistory(context),
    bhiDisS: bhiMode(context).mode === "bhi_dis_s",
    untrainReturns: untrainsReturns(context),
    ibpb: ibpbOnVmexit(context) ? "on_vmexit" : vmscapeMode(context).mode === "to_userspace" ? "to_userspace" : "none",
    // X86_FEATURE_USE_IBPB; SVM leaves it out where each exit has one.
    ibpbOnSwitch: mode !== "off" && !(cpu.vendor === "amd" && ibpbOnVmexit(context)),
    pti: hasPti(context),
  };
}

function chooseVerw(context: MitigationContext, flush: ChosenL1dFlush): ChosenVerw {
  if (context.cpu.vendor === "amd") return verwForTsa(context);
  const live = bufferBugs(context);
  const asking = askingForClear(context);
  if (live.length === 0) return none(`no live bug that VERW cures and the kernel knows${context.rtm ? "" : " (RTM is absent)"}`);
  if (asking.length === 0) {
    return none(`mds_user_clear is off: ${context.settings.all === "off" ? "mitigations=off" : `${namesOf(live)} off`}`);
  }
  if (context.traits.verw === "only_without_l1d_flush" && flush.mode !== "never") {
    const kind = flush.mode === "cond" ? "conditional" : "always";
    return none(`vmx_l1d_should_flush is on (l1tf, ${kind}), so vmx_vcpu_enter_exit takes that arm and never reaches mds_user_clear`);
  }
  const verw: Verw = verwClears(context) ? "clears_buffers" : "legacy";
  // MMIO stale data alone concerns only guests that can touch real MMIO.
  const onlyMmio = live.every((bug) => bug === "mmio_stale_data");
  const mmioClear = context.traits.verw === "per_vm" ? "CLEAR_CPU_BUF_VM_MMIO" : "mmio_stale_data_clear";
  if (onlyMmio) return { ...none(`${mmioClear}: VERW only for VMs with an assigned device`), verwForAssignedDevice: verw };
  const whyNot = verwClears(context) ? "" : `, attempted but clearing nothing: ${missingMicrocode(context)}`;
  return { verw, verwWhy: `${switchOf(context)} is on (${namesOf(asking)})${whyNot}`, verwForAssignedDevice: verw };
}

/** What the kernel calls the switch that turns VERW on before entry. */
function switchOf({ traits }: MitigationContext): string {
  switch (traits.verw) {
    case "only_without_l1d_flush":
      return "mds_user_clear";
    case "always":
      return "X86_FEATURE_CLEAR_CPU_BUF";
    case "per_vm":
      return "X86_FEATURE_CLEAR_CPU_BUF_VM";
  }
}

function verwForTsa(context: MitigationContext): ChosenVerw {
  const { mode, why } = tsaMode(context);
  if (mode === "none" || mode === "user") return none(mode === "none" ? `no VERW before VMRUN: ${why}` : `${why} leaves VM entries alone`);
  return { verw: "clears_buffers", verwWhy: `X86_FEATURE_CLEAR_CPU_BUF_VM is on: ${why}`, verwForAssignedDevice: "clears_buffers" };
}

const none = (verwWhy: string): ChosenVerw => ({ verw: "none", verwWhy, verwForAssignedDevice: "none" });

/** The kernel's own exit to user space clears, too; the L1D flush stands in for it nowhere. */
function verwToUserspace(context: MitigationContext): Verw {
  if (context.cpu.vendor === "amd") {
    const { mode } = tsaMode(context);
    return mode === "full" || mode === "user" ? "clears_buffers" : "none";
  }
  // MMIO stale data alone asks for nothing here.
  if (!askingForClear(context).some((bug) => bug !== "mmio_stale_data")) return "none";
  return verwClears(context) ? "clears_buffers" : "legacy";
}
