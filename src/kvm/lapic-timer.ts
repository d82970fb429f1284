/**
 * The guest's LAPIC timer in TSC-deadline mode, and what stands in for it on the host.
 *
 *             write, kvm_can_use_hv_timer ──▶ hv      counts in the guest, ends in PREEMPTION_TIMER
 *   none ──▶ {
 *             write, else ──▶ armed ──▶ callback ──▶ pending (injected at the next entry)
 *                                           └──────▶ posting ──▶ posted without an exit
 *
 * A vCPU that blocks moves from hv to armed and back (kvm_lapic_switch_to_sw_timer / _hv_timer).
 * Linux arch/x86/kvm/lapic.c start_hv_timer, start_sw_timer, apic_timer_expired, apic_timer_fn,
 * kvm_lapic_expired_hv_timer; vmx.c vmx_set_hv_timer.
 */
import { EXTRAS } from "../cost/paths.ts";
import { VECTOR } from "../guest/program.ts";
import { cyclesOf, NEVER, type Instant } from "../lib/units.ts";
import { AT, TIMER_DELIVERIES } from "./counters.ts";
import type { PhysicalCpus } from "./physical-cpus.ts";
import type { InterruptDelivery } from "./posted-interrupt.ts";
import type { Tally } from "./tally.ts";
import { adjustAdvance } from "./timer-advance.ts";
import { STATE, TIMER, type Vcpu } from "./vcpu.ts";

const DELIVERY = Object.fromEntries(TIMER_DELIVERIES.map((name, index) => [name, AT.timerExpirations + index])) as Record<
  (typeof TIMER_DELIVERIES)[number],
  number
>;

/** How a write of the deadline ended. */
export type Armed = "off" | "armed" | "injected" | "pending";

export class LapicTimer {
  /** Deadlines further away than this do not fit the preemption timer: 2^(32 + shift) cycles. */
  private readonly hvLimit: number;
  private readonly ghz: number;

  private readonly cpus: PhysicalCpus;
  private readonly delivery: InterruptDelivery;
  private readonly tally: Tally;

  constructor(needs: { preemptionTimerShift: number; ghz: number; cpus: PhysicalCpus; delivery: InterruptDelivery; tally: Tally }) {
    this.hvLimit = 2 ** (32 + needs.preemptionTimerShift);
    this.ghz = needs.ghz;
    this.cpus = needs.cpus;
    this.delivery = needs.delivery;
    this.tally = needs.tally;
  }

  /** `kvm_set_lapic_tscdeadline_msr` at `now`; `deadline` 0 disarms. Predicates are asked anew. */
  write(vcpu: Vcpu, deadline: number, now: Instant): Armed {
    vcpu.timer = TIMER.none;
    vcpu.timerAt = NEVER;
    vcpu.timerPending = false;
    if (deadline === 0) {
      vcpu.deadline = NEVER;
      return "off";
    }
    vcpu.deadline = deadline as Instant;
    return this.restart(vcpu, now);
  }

  /** Cycles by which the timer is fired early. */
  advanceCycles(vcpu: Vcpu): number {
    return cyclesOf(vcpu.advance.ns, this.ghz);
  }

  /** The VM is entered: the preemption timer counts from here. */
  enterGuest(vcpu: Vcpu, now: Instant): void {
    if (vcpu.timer === TIMER.hv) vcpu.timerAt = Math.max(now, vcpu.deadline - this.advanceCycles(vcpu)) as Instant;
  }

  /** The VM is left: the preemption timer stands. */
  leaveGuest(vcpu: Vcpu): void {
    if (vcpu.timer === TIMER.hv) vcpu.timerAt = NEVER;
  }

  /** `kvm_lapic_expired_hv_timer`, in the handler of the PREEMPTION_TIMER exit. */
  expireHv(vcpu: Vcpu, now: Instant): Armed {
    vcpu.timer = TIMER.none;
    vcpu.timerAt = NEVER;
    this.tally.add(DELIVERY.preemption_timer, 1);
    return this.expired(vcpu, now, false);
  }

  /** The hrtimer's own next event. */
  fire(vcpu: Vcpu, now: Instant): void {
    if (vcpu.timer === TIMER.armed) {
      vcpu.timer = TIMER.callback;
      vcpu.timerAt = this.cpus.interrupt(vcpu.timerCpu, now, this.cpus.software(EXTRAS.hrtimerInterrupt.value));
      return;
    }
    if (vcpu.timer === TIMER.callback && vcpu.canPostTimer && vcpu.inGuestMode(now)) {
      // The housekeeping CPU waits for the deadline of a timer fired early, then posts.
      vcpu.timer = TIMER.posting;
      vcpu.expiredDeadline = NEVER;
      vcpu.lateFor = vcpu.deadline;
      vcpu.timerAt = this.waitOnHousekeeper(vcpu, now);
      return;
    }
    const posted = vcpu.timer === TIMER.posting;
    vcpu.timer = TIMER.none;
    vcpu.timerAt = NEVER;
    if (posted) {
      this.tally.add(DELIVERY.posted, 1);
      vcpu.deadline = NEVER;
      this.delivery.deliver(vcpu, VECTOR.timer, now);
      return;
    }
    const halted = vcpu.state === STATE.poll || vcpu.state === STATE.blocked;
    this.tally.add(halted ? DELIVERY.wakeup : DELIVERY.hrtimer, 1);
    this.expired(vcpu, now, true);
  }

  /** `kvm_lapic_switch_to_sw_timer`: the vCPU is about to block. True when a timer was moved. */
  switchToSoftware(vcpu: Vcpu, now: Instant): boolean {
    if (vcpu.timer !== TIMER.hv) return false;
    this.startSoftware(vcpu, now);
    return true;
  }

  /** `kvm_lapic_switch_to_hv_timer`: the vCPU runs again. */
  switchToHv(vcpu: Vcpu, now: Instant): void {
    if (vcpu.timer !== TIMER.armed || !vcpu.canUseHvTimer) return;
    vcpu.timerAt = NEVER;
    this.restart(vcpu, now);
  }

  /**
   * The vCPU is loaded on another CPU: the preemption timer is asked (`kvm_lapic_restart_hv_timer`), an
   * hrtimer looks for a CPU again (`__kvm_migrate_apic_timer`), unless it is one to be posted. True when
   * an hrtimer was moved.
   */
  moved(vcpu: Vcpu, now: Instant): boolean {
    if (vcpu.timer === TIMER.hv) {
      if (vcpu.deadline - this.advanceCycles(vcpu) <= now) this.expireHv(vcpu, now);
      else this.restart(vcpu, now);
      return false;
    }
    if (vcpu.timer !== TIMER.armed || vcpu.canPostTimer) return false;
    vcpu.timerCpu = this.cpus.timerTarget(vcpu.cpu, now);
    return true;
  }

  /** `kvm_inject_pending_timer_irqs`, in the outer loop before an entry. */
  injectPending(vcpu: Vcpu): void {
    if (!vcpu.timerPending) return;
    vcpu.timerPending = false;
    vcpu.deadline = NEVER;
    this.inject(vcpu);
  }

  private restart(vcpu: Vcpu, now: Instant): Armed {
    const left = vcpu.deadline - this.advanceCycles(vcpu) - now;
    if (vcpu.canUseHvTimer && left < this.hvLimit) {
      if (left <= 0) return this.expired(vcpu, now, false);
      vcpu.timer = TIMER.hv;
      vcpu.timerAt = NEVER;
      return "armed";
    }
    return this.startSoftware(vcpu, now);
  }

  private startSoftware(vcpu: Vcpu, now: Instant): Armed {
    vcpu.timer = TIMER.none;
    const at = vcpu.deadline - this.advanceCycles(vcpu);
    if (at <= now) return this.expired(vcpu, now, false);
    vcpu.timer = TIMER.armed;
    vcpu.timerCpu = this.cpus.timerTarget(vcpu.cpu, now);
    vcpu.timerAt = at as Instant;
    return "armed";
  }

  /** `apic_timer_expired`. */
  private expired(vcpu: Vcpu, now: Instant, fromTimerFunction: boolean): Armed {
    vcpu.timer = TIMER.none;
    vcpu.expiredDeadline = vcpu.deadline;
    vcpu.lateFor = vcpu.deadline;
    if (!fromTimerFunction && vcpu.apicv) {
      vcpu.deadline = NEVER;
      this.inject(vcpu);
      return "injected";
    }
    vcpu.timerPending = true;
    if (fromTimerFunction) this.delivery.kick(vcpu, now);
    return "pending";
  }

  private inject(vcpu: Vcpu): void {
    if (vcpu.apicv) vcpu.pir |= VECTOR.timer;
    else vcpu.irr |= VECTOR.timer;
  }

  /** `__kvm_wait_lapic_expire` in the timer's function, which adapts the advance as before an entry. */
  private waitOnHousekeeper(vcpu: Vcpu, now: Instant): Instant {
    const late = now - vcpu.deadline;
    const wait = Math.min(Math.max(-late, 0), this.advanceCycles(vcpu));
    adjustAdvance(vcpu.advance, late, this.ghz);
    return wait === 0 ? now : this.cpus.interrupt(vcpu.timerCpu, now, wait);
  }
}
