/** What the cost of an exit depends on besides its kind: the settings that host and guest have it by. */

/** Where a kernel traces kvm_exit. */
export type ExitTracepoint = "in_handle_exit" | "right_after_exit";

/** What every entry and exit of a vCPU pays, as the host's and guest's settings have it. */
export interface EntryConditions {
  readonly apicv: boolean;
  readonly preemptionTimer: boolean;
  readonly vpmu: boolean;
  readonly pku: boolean;
  /** Where __kvm_wait_lapic_expire waits. */
  readonly waitsBefore: "vcpu_enter_guest" | "vmx_vcpu_run";
  /** The physical CPU is nohz_full. */
  readonly contextTracking: "none" | "outer_loop" | "each_entry";
  readonly verw: "none" | "legacy" | "clears_buffers";
  /** Before the kernel returns to QEMU. */
  readonly verwToUserspace: "none" | "legacy" | "clears_buffers";
  readonly l1dFlush: "never" | "cond" | "always";
  readonly retpolines: boolean;
  /** Host code counts its calls and returns. */
  readonly callDepth: boolean;
  /** kvm_x86_ops are called without a pointer. */
  readonly staticCalls: boolean;
  readonly rsbFill: boolean;
  readonly rsbOneCall: boolean;
  readonly clearBranchHistory: boolean;
  readonly untrainReturns: boolean;
  readonly ibpb: "none" | "on_vmexit" | "to_userspace";
  readonly ibrs: "none" | "legacy" | "enhanced";
  readonly pti: boolean;
  readonly guestUsesSpecCtrl: boolean;
  /** The guest's value is not the host's: one write at entry, one at exit. */
  readonly specCtrlDiffers: boolean;
}
