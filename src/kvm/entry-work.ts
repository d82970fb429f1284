/**
 * What every VM entry and exit does because of mitigations, fastpath re-entries included: the
 * code sits in `vmx_vcpu_enter_exit`, inside the inner run loop, so a fastpath saves none of it.
 *
 * Linux: arch/x86/kvm/vmx/vmx.c vmx_vcpu_enter_exit, vmx_l1d_flush; vmenter.S.
 * Up to 5.10 the L1D-flush key and VERW are two arms of one `if`: while the key is on, VERW never
 * runs, also when the conditional flush decides not to flush. Later VERW stands alone.
 */
import { askingForClear, bufferBugs, missingMicrocode, namesOf, verwClears } from "./clear-cpu-buffers.ts";
import type { EntryWork, MitigationContext } from "./mitigation.ts";
import { type ChosenL1dFlush, l1dFlushMode } from "./mitigations/l1tf.ts";
import { hasPti } from "./mitigations/meltdown.ts";
import { spectreV2Mode } from "./mitigations/spectre-v2.ts";

type Verw = EntryWork["verw"];
interface ChosenVerw {
  readonly verw: Verw;
  readonly verwWhy: string;
  readonly verwForAssignedDevice: Verw;
}

/** Mitigation work per entry and exit of a host, each part with its reason where it has a switch of its own. */
export function entryWork(context: MitigationContext): EntryWork {
  const flush = l1dFlushMode(context);
  const { mode } = spectreV2Mode(context);
  const ibrs = mode === "ibrs" ? "legacy" : mode === "eibrs" ? "enhanced" : "none";
  return {
    ...chooseVerw(context, flush),
    l1dFlush: flush.mode,
    l1dFlushWhy: flush.why,
    retpolines: mode === "retpoline",
    // Kernels without RSB_VMEXIT_LITE fill after an exit with retpolines or legacy IBRS only.
    rsbFill: mode === "retpoline" || ibrs === "legacy",
    ibrs,
    pti: hasPti(context),
  };
}

function chooseVerw(context: MitigationContext, flush: ChosenL1dFlush): ChosenVerw {
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
  if (onlyMmio) return { ...none("mmio_stale_data_clear: VERW only for VMs with an assigned device"), verwForAssignedDevice: verw };
  const whyNot = verwClears(context) ? "" : `, attempted but clearing nothing: ${missingMicrocode(context)}`;
  return { verw, verwWhy: `mds_user_clear is on (${namesOf(asking)})${whyNot}`, verwForAssignedDevice: verw };
}

const none = (verwWhy: string): ChosenVerw => ({ verw: "none", verwWhy, verwForAssignedDevice: "none" });
