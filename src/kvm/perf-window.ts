/**
 * Which exits `perf kvm stat` sees, and how long it takes them to be. perf pairs the tracepoint
 * kvm_exit, which begins an event, with kvm_entry, which ends it; a second kvm_exit overwrites a
 * begin that has no end yet. Both tracepoints moved in the course of the years:
 *
 *   until 5.7    kvm_exit in vmx_handle_exit, kvm_entry in vcpu_enter_guest
 *                all exits, but without what runs before the exit handler: the fastpath of 5.5 to 5.7,
 *                and the handler of a host interrupt
 *   5.8 … 5.14   kvm_exit right after the exit in vmx_vcpu_run, whose own loop re-enters without a kvm_entry
 *                a re-entered exit is overwritten by the next one
 *   from 5.15    kvm_entry in vmx_vcpu_run: every exit, whole
 *   SVM          in its exit handler until 6.5, so an exit that re-entered from a fastpath had no begin
 *
 * Linux tools/perf/builtin-kvm.c handle_begin_event, handle_end_event; vmx.c vmx_vcpu_run,
 * vmx_handle_exit; svm.c svm_vcpu_run. Simplified: perf's recording slows the guest down in
 * reality, here it only lengthens the events.
 */
import type { ExitTracepoint } from "../cost/conditions.ts";
import type { ExitCost } from "../cost/plan.ts";
import { EXTRAS } from "../cost/paths.ts";
import type { Vendor } from "../hw/cpu-model.ts";
import type { ExitKind } from "./exit-kinds.ts";
import type { KernelTraits } from "./kernel.ts";
import type { Vcpu } from "./vcpu.ts";

/** An exit that perf counts no event for. */
export const UNSEEN = -1;

/** Cycles of one event that its compiled cost does not have. */
export interface WindowExtras {
  readonly handler: number;
  readonly loop: number;
  readonly interrupt: number;
  readonly wake: number;
}

export class PerfWindow {
  /** Where kvm_exit is traced. */
  readonly from: ExitTracepoint;
  private readonly endsAtReentry: boolean;
  private readonly recording: number;

  constructor(traits: KernelTraits, vendor: Vendor, softwareScale: number) {
    this.from = vendor === "intel" ? traits.exitTracepoint : traits.svmTracesFastpaths ? "right_after_exit" : "in_handle_exit";
    this.endsAtReentry = traits.entryTracepoint === "each_entry";
    this.recording = Math.round(EXTRAS.perfRecord.value * softwareScale);
  }

  /** Cycles between kvm_exit and kvm_entry of the exit that ends at `end`, or UNSEEN. */
  duration(vcpu: Vcpu, kind: ExitKind, end: number): number {
    const inHandler = this.from === "in_handle_exit";
    if (kind.variant === "reenter" && !vcpu.leavesLoop && (inHandler || !this.endsAtReentry)) return UNSEEN;
    const { untraced, conditionalFlush } = vcpu.cost as ExitCost;
    // The wait for a timer's deadline and the L1D flush follow kvm_entry.
    const after = vcpu.waitCycles + (vcpu.flush ? conditionalFlush : 0);
    const before = inHandler ? beforeHandler(vcpu, kind) : 0;
    return end - vcpu.exitedAt - untraced[this.from] - after - before + this.recordingOf(vcpu);
  }

  /** perf's own part of the event: its code is as cold as KVM's. */
  recordingOf({ caches }: Vcpu): number {
    return Math.round(this.recording * (1 + caches.slowdown));
  }

  /** What lies between the tracepoints of the exit that has just ended, beyond its compiled cost. */
  extras(vcpu: Vcpu, kind: ExitKind): WindowExtras {
    const { handlerCycles: handler, loopCycles: loop, interruptCycles: interrupt, wakeCycles: wake } = vcpu;
    if (this.from === "right_after_exit") return { handler, loop, interrupt, wake };
    const isFastpath = kind.hit >= 0;
    return {
      handler: isFastpath ? 0 : handler,
      loop: loop - Math.round(loop / 2),
      interrupt: interrupt - vcpu.earlyInterruptCycles,
      wake: isFastpath ? 0 : wake,
    };
  }
}

/** What this exit did before the exit handler was called, beyond its compiled cost. */
function beforeHandler(vcpu: Vcpu, kind: ExitKind): number {
  const ofFastpath = kind.hit >= 0 ? vcpu.wakeCycles + vcpu.handlerCycles : 0;
  return vcpu.earlyInterruptCycles + Math.round(vcpu.loopCycles / 2) + ofFastpath;
}
