/**
 * Who fires a guest's timer. Three answers: a housekeeping CPU posts the interrupt into the
 * running guest (exitless), the VMX preemption timer makes the guest exit on its own CPU, or a
 * plain hrtimer does. KVM asks the two predicates below at every arming, so a module parameter
 * written while VMs run takes effect at the next one.
 *
 * Before all of them stands APIC-timer virtualization, where the CPU keeps the guest's deadline
 * itself: KVM then sees neither the write nor the expiry, so there is nothing for it to choose
 * (assumed: the order of KVM: VMX APIC timer virtualization support v2, kvm@vger, 2026-03-05, which
 * is not merged). A synthetic timer of Hyper-V is an hrtimer, whatever the predicates say.
 *
 * Linux: arch/x86/kvm/lapic.c kvm_can_post_timer_interrupt, kvm_can_use_hv_timer (5.8; the same
 * truth values were spread over start_hv_timer and vmx_set_hv_timer in 5.3 to 5.7). Simplified: in_guest_mode of the vCPU is asked at expiry, by the timer.
 */
import type { GuestTimer } from "../guest/clock-event.ts";
import type { TimerMode } from "./counters.ts";
import type { KernelTraits } from "./kernel.ts";
import type { ResolvedGuest, ResolvedHost } from "./resolved.ts";

/** What the predicates look at, for one vCPU on one physical CPU. */
export interface TimerInputs {
  readonly postedTimer: KernelTraits["postedTimer"];
  /** kvm.pi_inject_timer, resolved. */
  readonly piInjectTimer: boolean;
  readonly apicvActive: boolean;
  readonly hltInGuest: boolean;
  readonly mwaitInGuest: boolean;
  /** housekeeping_cpu(vcpu->cpu, HK_FLAG_TIMER). */
  readonly onHousekeepingCpu: boolean;
  /** kvm_x86_ops.set_hv_timer is there: kvm_intel.preemption_timer, resolved. */
  readonly preemptionTimer: boolean;
  /** kvm.apic_timer_virt, resolved. */
  readonly apicTimerVirt: boolean;
  /** What the guest programs. */
  readonly timer: GuestTimer;
}

/** The inputs of a vCPU that runs on physical CPU `cpu`. */
export function timerInputs(
  host: Pick<ResolvedHost, "traits" | "piInjectTimer" | "preemptionTimer" | "apicTimerVirt" | "nohzFull">,
  guest: Pick<ResolvedGuest, "spec" | "apicvActive" | "hltInGuest" | "mwaitInGuest">,
  cpu: number,
): TimerInputs {
  return {
    postedTimer: host.traits.postedTimer,
    piInjectTimer: host.piInjectTimer.value,
    apicvActive: guest.apicvActive.value,
    hltInGuest: guest.hltInGuest,
    mwaitInGuest: guest.mwaitInGuest,
    onHousekeepingCpu: host.nohzFull[cpu] !== true,
    preemptionTimer: host.preemptionTimer.value,
    apicTimerVirt: host.apicTimerVirt.value,
    timer: guest.spec.timer,
  };
}

/** The CPU keeps the guest's TSC deadline and delivers the expiry: it needs the virtual APIC to deliver into. */
export function canVirtualizeTimer(v: TimerInputs): boolean {
  return v.apicTimerVirt && v.apicvActive && v.timer === "tsc_deadline";
}

/** `kvm_can_post_timer_interrupt`: a housekeeping CPU may post this vCPU's timer interrupt. */
export function canPostTimer(v: TimerInputs): boolean {
  switch (v.postedTimer) {
    case "absent":
      return false;
    case "apicv":
      return v.piInjectTimer && v.apicvActive;
    case "disabled_exits":
      return v.piInjectTimer && v.apicvActive && (v.mwaitInGuest || v.hltInGuest);
    case "isolated_cpu":
      return v.piInjectTimer && v.apicvActive && !v.onHousekeepingCpu;
  }
}

/**
 * `kvm_can_use_hv_timer`: the VMX preemption timer may stand in for the APIC timer. A guest with
 * MWAIT may enter C3 and deeper, where that timer stops; HLT is C1, where it counts on.
 */
export function canUseHvTimer(v: TimerInputs): boolean {
  return v.preemptionTimer && !v.mwaitInGuest && !canPostTimer(v);
}

/** What an arming ends in, for a deadline that fits into the preemption timer. */
export function timerMode(v: TimerInputs): TimerMode {
  if (canVirtualizeTimer(v)) return "virtual";
  if (v.timer === "hv_stimer") return "hrtimer";
  if (canPostTimer(v)) return "posted";
  return canUseHvTimer(v) ? "hv_timer" : "hrtimer";
}

/** Why `canPostTimer` answers as it does; `piWhy` is the reason of `pi_inject_timer`. */
export function whyCanPostTimer(v: TimerInputs, piWhy: string): string {
  if (v.postedTimer === "absent") return "the kernel has no posted timer interrupts (0c5f81dad46c, 5.3)";
  if (!v.piInjectTimer) return `pi_inject_timer=0 (${piWhy})`;
  const on = `pi_inject_timer=1 (${piWhy})`;
  if (!v.apicvActive) return `${on}, but apicv_active is false`;
  const both = `${on} && apicv_active`;
  switch (v.postedTimer) {
    case "apicv":
      return `${both}: kvm_can_post_timer_interrupt() is true for every VM of the host; the kernel lacks 1714a4eb6fb0`;
    case "disabled_exits": {
      if (!canPostTimer(v)) return `${both}, but neither mwait_in_guest nor hlt_in_guest, which 1714a4eb6fb0 asks for`;
      return `${both} && ${v.mwaitInGuest ? "mwait_in_guest" : "hlt_in_guest"}`;
    }
    case "isolated_cpu":
      return v.onHousekeepingCpu
        ? `${both}, but housekeeping_cpu(vcpu->cpu, HK_FLAG_TIMER) is true (patch timer-pi-per-vcpu)`
        : `${both} && !housekeeping_cpu(vcpu->cpu, HK_FLAG_TIMER) (patch timer-pi-per-vcpu)`;
  }
}

/** Why `canUseHvTimer` answers as it does. */
export function whyCanUseHvTimer(v: TimerInputs, piWhy: string): string {
  if (!v.preemptionTimer) return "kvm_x86_ops.set_hv_timer is NULL (no VMX preemption timer, or kvm_intel.preemption_timer=N)";
  if (v.mwaitInGuest) return "mwait_in_guest: the guest may enter C3, where the preemption timer stops";
  if (canPostTimer(v)) {
    const every = v.postedTimer === "apicv";
    const on = `pi_inject_timer=1 (${piWhy}) && apicv_active`;
    return every
      ? `${on}: kvm_can_post_timer_interrupt() is true for every VM, so kvm_can_use_hv_timer() is false; the kernel lacks 1714a4eb6fb0`
      : `kvm_can_post_timer_interrupt() is true, so kvm_can_use_hv_timer() is false: ${whyCanPostTimer(v, piWhy)}`;
  }
  return "preemption_timer=Y && !mwait_in_guest && !kvm_can_post_timer_interrupt()";
}

/** Why `canVirtualizeTimer` answers as it does; `hostWhy` is the reason of `apic_timer_virt`. */
export function whyCanVirtualizeTimer(v: TimerInputs, hostWhy: string): string {
  if (!v.apicTimerVirt) return hostWhy;
  if (!v.apicvActive) return "apic_timer_virt=1, but apicv_active is false: there is no virtual APIC to deliver into";
  if (v.timer !== "tsc_deadline") return `apic_timer_virt=1, but the guest's timer is ${v.timer}: only TSC_DEADLINE is virtualized`;
  return "apic_timer_virt=1 && apicv_active && a timer in TSC-deadline mode: the CPU keeps the deadline and delivers the expiry";
}

/** Why the timer mode is what it is: the predicate that decided. */
export function whyTimerMode(v: TimerInputs, piWhy: string): string {
  if (v.timer === "hv_stimer") return "the guest uses a synthetic timer of Hyper-V, which is an hrtimer (hyperv.c stimer_start)";
  switch (timerMode(v)) {
    case "virtual":
      return "APIC-timer virtualization comes before both predicates: KVM sees no write of TSC_DEADLINE that it could arm a timer for";
    case "posted":
      return `kvm_can_post_timer_interrupt() is true: ${whyCanPostTimer(v, piWhy)}`;
    case "hv_timer":
      return `kvm_can_use_hv_timer() is true: ${whyCanUseHvTimer(v, piWhy)}`;
    case "hrtimer":
      return `neither posted (${whyCanPostTimer(v, piWhy)}) nor hv timer (${whyCanUseHvTimer(v, piWhy)})`;
  }
}
