/**
 * Where the tracepoints kvm_exit and kvm_entry stand in the course of an exit, as cycles that lie
 * outside of the two. What is not named here lies between them.
 *
 *   guest │ switch, SPEC_CTRL, RSB, … │ inner loop │ interrupts on │ dispatch … outer loop, APICv │ vmx_vcpu_run … switch │
 *                              kvm_exit ▲ 5.8 on         kvm_exit ▲ before            kvm_entry ▲
 *
 * Linux arch/x86/kvm/vmx/vmx.c vmx_vcpu_run, vmx_handle_exit; x86.c vcpu_enter_guest (trace_kvm_entry
 * right before the vendor's run function until 5.10, at its head since; both come before the PMU's
 * registers, the preemption timer, the wait for a timer's deadline, SPEC_CTRL, the L1D flush and VERW).
 */

/** Where a kernel traces kvm_exit. */
export type ExitTracepoint = "in_handle_exit" | "right_after_exit";

/** Pieces of one compiled exit, in cycles. */
interface Pieces {
  /** World switch out, and what mitigations do right behind it. */
  readonly switched: number;
  /** First half of the inner loop with its indirect calls, and how much of it precedes the early kvm_exit. */
  readonly inner: number;
  readonly innerTraced: number;
  /** Context tracking on the way out, and whether it belongs to the inner loop. */
  readonly tracking: number;
  readonly trackingInside: boolean;
  /** Outer loop up to the exit handler. */
  readonly outer: number;
  /** What has been handled before the exit handler is called: a fastpath, or a host interrupt's dispatch. */
  readonly handledBefore: number;
  /** From kvm_entry to the guest. */
  readonly entry: number;
}

/** Cycles of an exit outside of kvm_exit … kvm_entry. */
export function untracedCycles(pieces: Pieces): Readonly<Record<ExitTracepoint, number>> {
  const { switched, inner, innerTraced, tracking, trackingInside, outer, handledBefore, entry } = pieces;
  return {
    right_after_exit: switched + innerTraced + (trackingInside ? tracking : 0) + entry,
    in_handle_exit: switched + inner + tracking + outer + handledBefore + entry,
  };
}
