/** Cycles of each piece of mitigation work that a host does, by the predicate that explains it. */
import type { ResolvedHost } from "./resolved.ts";

/** Only what runs is in it: nothing is said of a piece that is off. */
export function entryCycles({ entryWork, cpu }: ResolvedHost): Readonly<Partial<Record<string, number>>> {
  const { verw, l1dFlush, ibrs, retpolines, rsbFill, rsbOneCall, clearBranchHistory, untrainReturns, ibpb, pti } = entryWork;
  const { cycles } = cpu;
  return {
    ...(verw === "none" ? {} : { "VERW before entry": (verw === "legacy" ? cycles.verwLegacy : cycles.verw).value }),
    ...(l1dFlush === "never" ? {} : { vmentry_l1d_flush: cycles.l1dFlush.value }),
    ...(ibrs === "legacy" ? { "host SPEC_CTRL.IBRS": cycles.wrmsrSpecCtrl.value } : {}),
    ...(retpolines ? { X86_FEATURE_RETPOLINE: cycles.retpoline.value } : {}),
    ...(rsbFill || rsbOneCall ? { "RSB filled after exit": (rsbFill ? cycles.rsbFill : cycles.rsbOneCall).value } : {}),
    ...(clearBranchHistory ? { "branch history cleared after exit": cycles.clearBranchHistory.value } : {}),
    ...(untrainReturns ? { "returns untrained after exit": cycles.untrainReturns.value } : {}),
    ...(ibpb === "on_vmexit" ? { "IBPB after exit": cycles.ibpb.value } : {}),
    ...(ibpb === "to_userspace" ? { "IBPB before exit to user space": cycles.ibpb.value } : {}),
    ...(pti ? { X86_FEATURE_PTI: cycles.cr3Writes.value } : {}),
  };
}
