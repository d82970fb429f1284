/**
 * A guest that spins with PAUSE, for a lock whose holder the host has perhaps preempted. The CPU ends the
 * spinning after a window that grows with each such exit; KVM then lets a preempted vCPU of the same VM
 * run first (a directed yield). A guest that knows whom it waits for asks for that by a hypercall.
 *
 * Linux arch/x86/kvm/vmx/vmx.c handle_pause, grow_ple_window, shrink_ple_window (shrink 0: back to the
 * parameter at each sched-in); virt/kvm/kvm_main.c kvm_vcpu_on_spin; x86.c kvm_sched_yield; svm.c
 * pause_interception. KVM's statistics count the yields of the hypercall only.
 */
import type { Instant } from "../lib/units.ts";
import { statIndex } from "./accounting.ts";
import type { Scheduler } from "./scheduler.ts";
import type { SpinState } from "./spin-state.ts";
import type { Tally } from "./tally.ts";
import { STATE, type Vcpu } from "./vcpu.ts";

const ATTEMPTED = statIndex("directed_yield_attempted");
const SUCCESSFUL = statIndex("directed_yield_successful");

/** Defaults of kvm-intel.ple_window and kvm-amd.pause_filter_count, and of their _grow and _max. */
export const PLE_WINDOW = { intel: 4096, amd: 3000 } as const;
const GROW = 2;
const WINDOW_MAX = 2 ** 32 - 1;
/** kvm_vcpu_on_spin gives up after so many vCPUs that it made no sense to yield to. */
const TRIES = 3;

export class PauseLoop {
  private readonly window: number;
  private readonly scheduler: Scheduler;
  private readonly tally: Tally;

  constructor(needs: { window: number; scheduler: Scheduler; tally: Tally }) {
    this.window = needs.window;
    this.scheduler = needs.scheduler;
    this.tally = needs.tally;
  }

  /** How long the vCPU may spin before it exits. */
  windowOf({ spin }: Vcpu): number {
    return Math.max(spin.window, this.window);
  }

  /** grow_ple_window, at each PAUSE exit. */
  grow(vcpu: Vcpu): void {
    vcpu.spin.window = Math.min(this.windowOf(vcpu) * GROW, WINDOW_MAX);
  }

  /** kvm_vcpu_on_spin, in the handler. */
  onSpin(vcpu: Vcpu, now: Instant): void {
    const { siblings } = vcpu;
    const vm = (siblings[0] as Vcpu).spin;
    let tries = TRIES;
    for (let step = 1; step <= siblings.length; step++) {
      const number = (vm.lastBoosted + step) % siblings.length;
      const other = siblings[number] as Vcpu;
      if (other === vcpu || !isReady(other) || !mayHoldLock(other) || !isEligible(other.spin)) continue;
      const yielded = this.scheduler.yieldTo(vcpu, other, now);
      if (yielded > 0) {
        vm.lastBoosted = number;
        vcpu.spin.gaveWay = true;
        vcpu.spin.eligible = false;
        return;
      }
      if (yielded < 0 && --tries === 0) return;
    }
  }

  /** kvm_sched_yield: the guest names the vCPU that should run. */
  schedYield(vcpu: Vcpu, now: Instant): void {
    const target = vcpu.siblings[vcpu.spin.yieldsTo];
    vcpu.spin.yieldsTo = -1;
    this.tally.add(ATTEMPTED, 1);
    if (this.scheduler.alone(vcpu) || target === undefined || target === vcpu || !isReady(target)) return;
    if (this.scheduler.yieldTo(vcpu, target, now) > 0) this.tally.add(SUCCESSFUL, 1);
  }
}

/** vcpu->ready: its thread was preempted or woken, and does not run. */
const isReady = ({ task, state }: Vcpu): boolean => task !== null && state === STATE.steal;

/** One that was preempted in user space holds no lock of the kernel's, unless an interrupt waits for it. */
const mayHoldLock = ({ program, pir, irr }: Vcpu): boolean => program.inKernel || (pir | irr) !== 0;

/** kvm_vcpu_eligible_for_directed_yield. */
function isEligible(spin: SpinState): boolean {
  if (!spin.gaveWay) return true;
  spin.eligible = !spin.eligible;
  return !spin.eligible;
}
