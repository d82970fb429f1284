/**
 * What the emulator knows of a host kernel: the traits in which kernels differ. A kernel is a
 * difference from its predecessor, a backport (patch) is a difference on top; both are data.
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
  /**
   * When a timer may be posted by a housekeeping CPU (`kvm_can_post_timer_interrupt`):
   * `apicv` before the fix 1714a4eb6fb0, `disabled_exits` with it (per VM: MWAIT or HLT not
   * intercepted), `isolated_cpu` with the unmerged patch (per vCPU: not on a housekeeping CPU).
   */
  readonly postedTimer: "absent" | "apicv" | "disabled_exits" | "isolated_cpu";
  /** `kvm_intel.enable_ipiv` exists: IPI virtualization is used where the CPU has it (5.19). */
  readonly ipiVirtualization: "absent" | "present";
  /** hrtimers of KVM are pinned to the arming CPU (before 5.3). */
  readonly hrtimerPinned: boolean;
  /** What a blocked vCPU waits on (`kvm_vcpu_block`); rcuwait is cheaper to wake. */
  readonly waiter: "swait" | "rcuwait";
  /** A timer that cannot be injected at once: 5.4–5.10 request + kick, from 5.15 unblock. */
  readonly pendingTimer: "request_and_kick" | "unblock";
  /** `exits` of the kernel's statistics counts re-entered fastpath exits (8b703a49c9df, 6.4). */
  readonly exitsStatCountsReentry: boolean;
  /** Automatic timer advance: none, in steps of at most an eighth (el8-147), or free (5.4 on). */
  readonly timerAdvance: "absent" | "stepwise" | "adaptive";
  /** Default of `halt_poll_ns_shrink`: 0, from 6.11 on 2. */
  readonly haltPollShrink: 0 | 2;
  /** `isolcpus=nohz,…` too sets HK_TYPE_TIMER (6.16). */
  readonly isolcpusNohzIsolatesTimer: boolean;
  /** Context tracking runs once per outer loop (5.8 and before) or at every VM entry (5.9 on). */
  readonly contextTracking: "outer_loop" | "each_entry";
  /** Up to 5.10 an L1D-flush key keeps VERW from ever running; later VERW always runs. */
  readonly verw: "only_without_l1d_flush" | "always";
  /** Bugs this kernel knows: a sysfs file and mitigation code exist. */
  readonly knows: readonly Vulnerability[];
  /** Wording of the spectre_v2 sysfs line. */
  readonly spectreV2Wording: "full_generic_retpoline" | "retpolines";
}

/** A backport that `patches:` may name. */
export interface Patch {
  readonly name: string;
  /** Upstream commits, or the message id of an unmerged series. */
  readonly commits: readonly string[];
  readonly title: string;
  readonly traits: Partial<KernelTraits>;
  readonly source: string;
}

/** A host kernel that `kernel:` may name. */
export interface Kernel {
  readonly name: string;
  readonly doc: string;
  readonly traits: KernelTraits;
  /** The vendor's kernels resolve `pi_inject_timer: auto` to 1 in the enterprise cloud. */
  readonly postsTimersInEnterpriseCloud: boolean;
  readonly source: string;
}
