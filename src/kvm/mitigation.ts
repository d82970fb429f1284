/**
 * Mitigations as KVM sees them: the state of each bug (what sysfs prints) and the work that
 * each VM entry and exit pays because of it.
 */
import type { CpuModel, Vulnerability } from "../hw/cpu-model.ts";
import type { KernelTraits } from "./kernel.ts";
import type { MitigationSettings } from "./host-spec.ts";

/** As the metric `kvm_mitigation_state` counts: 0, 1, 2. */
export type MitigationState = "not_affected" | "vulnerable" | "mitigated";

export interface VulnerabilityStatus {
  readonly state: MitigationState;
  /** The line of `/sys/devices/system/cpu/vulnerabilities/<name>`. */
  readonly sysfs: string;
  /** Why, in the kernel's terms, one sentence. */
  readonly why: string;
}

/** What a VM entry or exit does because of mitigations; each field has one cost component. */
export interface EntryWork {
  /** VERW before each entry: none, the legacy instruction (microcode clears nothing), or a clear. */
  readonly verw: "none" | "legacy" | "clears_buffers";
  readonly verwWhy: string;
  /** The same for a VM with an assigned device, which mmio_stale_data adds to `verw`. */
  readonly verwForAssignedDevice: "none" | "legacy" | "clears_buffers";
  /** L1D flush before entry (`kvm_intel.vmentry_l1d_flush`). */
  readonly l1dFlush: "never" | "cond" | "always";
  readonly l1dFlushWhy: string;
  /** Indirect calls of the host kernel go through retpolines. */
  readonly retpolines: boolean;
  /** Calls and returns of the host kernel are counted (X86_FEATURE_CALL_DEPTH). */
  readonly callDepth: boolean;
  /** The return stack buffer is filled after each exit. */
  readonly rsbFill: boolean;
  /** One call and an LFENCE after each exit instead (RSB_VMEXIT_LITE). */
  readonly rsbOneCall: boolean;
  /** A loop clears the branch history after each exit (CLEAR_BRANCH_HISTORY_VMEXIT). */
  readonly clearBranchHistory: boolean;
  /** Return thunks are prepared after each exit (UNTRAIN_RET_VM). */
  readonly untrainReturns: boolean;
  /** An IBPB after each exit (IBPB_ON_VMEXIT), or before the first return to user space after one. */
  readonly ibpb: "none" | "on_vmexit" | "to_userspace";
  /** An IBPB when a CPU's last vCPU was another one (vmx_vcpu_load_vmcs, svm_vcpu_load). */
  readonly ibpbOnSwitch: boolean;
  /** VERW on the way back to user space, where an exit goes to QEMU. */
  readonly verwToUserspace: "none" | "legacy" | "clears_buffers";
  /** The host runs with SPEC_CTRL.BHI_DIS_S set, which a guest's value may lack. */
  readonly bhiDisS: boolean;
  /** SPEC_CTRL.IBRS written on every exit (legacy IBRS) or left on (enhanced). */
  readonly ibrs: "none" | "legacy" | "enhanced";
  /** Page-table isolation: an exit to user space pays the CR3 writes. */
  readonly pti: boolean;
}

/** What a mitigation needs to know to resolve itself on a host. */
export interface MitigationContext {
  readonly cpu: CpuModel;
  readonly traits: KernelTraits;
  readonly settings: MitigationSettings;
  /** RTM is there: silicon has it and `tsx` is not off. */
  readonly rtm: boolean;
  readonly smt: boolean;
}

/** One entry of the catalogue: a CPU bug and what the host kernel does about it. */
export interface Mitigation {
  /** File name below /sys/devices/system/cpu/vulnerabilities. */
  readonly vulnerability: Vulnerability;
  readonly doc: string;
  readonly source: string;
  /** The kernel's own choice (`auto`, `off` or a mode) turned into a state and its sysfs line. */
  status(context: MitigationContext): VulnerabilityStatus;
}
