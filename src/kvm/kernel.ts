/**
 * What the emulator knows of a host kernel: the traits in which kernels differ. They are what the
 * kernel's commits add up to.
 */
import type { Vulnerability } from "../hw/cpu-model.ts";

/** The ICR fastpath's outcome: skip the emulation, skip the handler, or re-enter at once. */
export type IcrFastpath = "absent" | "skip" | "handled" | "reenter";

export interface KernelTraits {
  /** MSR_WRITE of x2APIC ICR (`handle_fastpath_set_x2apic_icr_irqoff`). */
  readonly icr: IcrFastpath;
  /** Which ICR values the fastpath takes: 5.5/5.6, 5.7 to 6.17, from 6.18. */
  readonly icrAccepts: "physical_fixed" | "physical_fixed_unicast" | "any_fast";
  /** MSR_WRITE of TSC_DEADLINE (`handle_fastpath_set_tscdeadline`). */
  readonly tscDeadline: "absent" | "needs_hv_timer" | "unconditional";
  /** PREEMPTION_TIMER (`handle_fastpath_preemption_timer`). */
  readonly preemptionTimer: "absent" | "present";
  /** HLT (`handle_fastpath_hlt`, 6.12). */
  readonly hlt: "absent" | "present";
  /** INVD (`handle_fastpath_invd`, 6.18). */
  readonly invd: "absent" | "present";
  /** SVM has fastpaths at all (`svm_exit_handlers_fastpath`); VMX' conditions hold there too. */
  readonly svmFastpaths: "absent" | "present";
  /** Who loops on a re-entry: VMX alone (5.8 to 5.10), or common code, so SVM could too (5.15). */
  readonly reentryLoop: "vmx_vcpu_run" | "vcpu_enter_guest";
  /**
   * When a timer may be posted by a housekeeping CPU (`kvm_can_post_timer_interrupt`):
   * `apicv` before the fix 1714a4eb6fb0, `disabled_exits` with it (per VM: MWAIT or HLT not
   * intercepted), `isolated_cpu` with the unmerged patch (per vCPU: not on a housekeeping CPU).
   */
  readonly postedTimer: "absent" | "apicv" | "disabled_exits" | "isolated_cpu";
  /** `kvm_intel.enable_ipiv` exists: IPI virtualization is used where the CPU has it (5.19). */
  readonly ipiVirtualization: "absent" | "present";
  /** `kvm->arch.pause_in_guest` on SVM: set and forgotten, or PAUSE exits are off for good (5.9). */
  readonly svmPauseInGuest: "ignored" | "honoured";
  /** x2AVIC: AVIC for guests in x2APIC mode (6.1). */
  readonly x2avic: "absent" | "present";
  /** Default of `kvm_amd.avic`: off, or on where the CPU has x2AVIC (6.18). */
  readonly avicDefault: "off" | "with_x2avic";
  /** AVIC sends IPIs without an exit on every CPU, or not with erratum 1235 (`kvm_amd.enable_ipiv`). */
  readonly avicIpis: "always" | "not_with_erratum";
  /** A vCPU whose ID is too large for AVIC's table is not created, or turns its VM's AVIC off (PHYSICAL_ID_TOO_BIG). */
  readonly avicBigIds: "refused" | "inhibits";
  /** A posted interrupt for the vCPU that runs on this very CPU raises a physical IPI to itself. */
  readonly selfNotification: "sent" | "skipped";
  /** hrtimers of KVM are pinned to the arming CPU (before 5.3). */
  readonly hrtimerPinned: boolean;
  /** What a blocked vCPU waits on (`kvm_vcpu_block`); rcuwait is cheaper to wake. */
  readonly waiter: "swait" | "rcuwait";
  /** The guest's timer is started anew after a block: whatever it was (set_hv_timer given), or (5.17) if the preemption timer was in use before. */
  readonly hvTimerAfterBlock: "always" | "if_it_was_in_use";
  /** Where `kvm_exit` is traced: in `vmx_handle_exit`, or right after the exit (5.8). */
  readonly exitTracepoint: "in_handle_exit" | "right_after_exit";
  /** Where `kvm_entry` is traced: in `vcpu_enter_guest`, which a re-entry skips, or at each entry. */
  readonly entryTracepoint: "outer_loop" | "each_entry";
  /** `kvm_exit` is traced for SVM's fastpath exits too (791a089861fc, 6.5). */
  readonly svmTracesFastpaths: boolean;
  /** How KVM calls its vendor's functions: by pointers, each a retpoline where there are any, or patched in as direct calls (5.12). */
  readonly kvmOps: "pointers" | "static_calls";
  /** `exits` of the kernel's statistics counts re-entered fastpath exits (8b703a49c9df, 6.4). */
  readonly exitsStatCountsReentry: boolean;
  /** Automatic timer advance: none, in steps of at most an eighth (el8-147), or free (5.4 on). */
  readonly timerAdvance: "absent" | "stepwise" | "adaptive";
  /** Where the wait for a timer fired early stands: before the run, or at its last step before the world switch (5.3). */
  readonly timerAdvanceWaits: "vcpu_enter_guest" | "vmx_vcpu_run";
  /** The module parameter: a number of nanoseconds with -1 for automatic, or (6.12) a switch. */
  readonly timerAdvanceParameter: "lapic_timer_advance_ns" | "lapic_timer_advance";
  /** A guest that polls itself may ask KVM not to poll for it (KVM_FEATURE_POLL_CONTROL, 5.3). */
  readonly pollControl: "absent" | "present";
  /** Default of `halt_poll_ns_shrink`: 0, from 6.11 on 2. */
  readonly haltPollShrink: 0 | 2;
  /** A polling time that would shrink below `halt_poll_ns_grow_start` becomes 0. */
  readonly haltPollShrinkFloor: boolean;
  /** `isolcpus=nohz,…` too sets HK_TYPE_TIMER (6.16). */
  readonly isolcpusNohzIsolatesTimer: boolean;
  /** Context tracking runs once per outer loop (5.8 and before) or at every VM entry (5.9 on). */
  readonly contextTracking: "outer_loop" | "each_entry";
  /**
   * Where VERW stands: beside the L1D flush, whose key keeps it from ever running, or in assembly
   * right before VMLAUNCH, always or by features that only VM entries look at.
   */
  readonly verw: "only_without_l1d_flush" | "always" | "per_vm";
  /** The host's scheduler: CFS, or (6.6) EEVDF. */
  readonly scheduler: "cfs" | "eevdf";
  /** `preemption_reported` and `preemption_other` count how vCPUs lose their CPU (5.19). */
  readonly countsPreemption: boolean;
  /** As a guest: starting a queued timer anew that is the first writes the clock event device twice, or once (5.15). */
  readonly hrtimerRestart: "two_writes" | "one_write";
  /** As a guest: an IPI to all other CPUs goes by a shorthand of the ICR. */
  readonly ipiShorthand: "absent" | "present";
  /** Huge pages of a VM whose writes are logged: split by the fault of a page's first write, or all at once (5.18). */
  readonly hugePageSplit: "on_fault" | "eager";
  /** Bugs this kernel knows: a sysfs file and mitigation code exist. */
  readonly knows: readonly Vulnerability[];
  /** Branch history injection: code of its own and a part of the spectre_v2 line (6.9). */
  readonly bhi: "unknown" | "known";
  /** Post-barrier RSB: one call after an exit on eIBRS, and a part of the spectre_v2 line (6.0). */
  readonly pbrsb: "unknown" | "known";
  /** Calls and returns of the kernel can be counted, for retbleed=stuff (6.2). */
  readonly callDepthTracking: "absent" | "present";
  /** AMD's Automatic IBRS counts as enhanced IBRS (6.3). */
  readonly automaticIbrs: "absent" | "present";
  /** Wording of the spectre_v2 sysfs line, and AMD's default with it: LFENCE before 5.17. */
  readonly spectreV2Wording: "full_generic_retpoline" | "retpolines";
  /** Default of spec_store_bypass_disable. */
  readonly ssbDefault: "seccomp" | "prctl";
}
