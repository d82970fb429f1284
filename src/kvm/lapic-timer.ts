/**
 * The guest's timer and what stands in for it on the host: the LAPIC's in its three modes, or a
 * synthetic timer of Hyper-V, for which only the hrtimer's way exists.
 *
 *             write, kvm_can_use_hv_timer ──▶ hv      counts in the guest, ends in PREEMPTION_TIMER
 *   none ──▶ {
 *             write, else ──▶ armed ──▶ callback ──▶ pending (injected at the next entry)
 *                                           └──────▶ posting ──▶ posted without an exit
 *
 * A vCPU that blocks moves from hv to armed and back (kvm_lapic_switch_to_sw_timer / _hv_timer), and
 * so it does from and to the deadline that the CPU itself keeps (APIC-timer virtualization).
 * In periodic mode each expiry starts the next period, with no word of the guest.
 * Linux arch/x86/kvm/lapic.c start_hv_timer, start_sw_timer, apic_timer_expired, apic_timer_fn,
 * kvm_lapic_expired_hv_timer, advance_periodic_target_expiration; vmx.c vmx_set_hv_timer; hyperv.c
 * stimer_start, kvm_hv_process_stimers.
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

/** kvm.min_timer_period_us: a guest may not keep its host busy with a shorter one (`limit_periodic_timer_frequency`). */
const MIN_PERIOD_NS = 200_000;

/** How a write of the deadline ended. */
export type Armed = "off" | "armed" | "injected" | "pending";

export class LapicTimer {
  /** Up to 5.16 `vmx_post_block` starts every LAPIC timer anew, where there is a preemption timer at all. */
  restartsAfterBlock = false;
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
    vcpu.deadlineMode = true;
    return this.start(vcpu, deadline, 0, now);
  }

  /** `start_apic_timer` by a write of TMICT, or `stimer_set_count`: runs out at `deadline`, 0 stops it. */
  count(vcpu: Vcpu, deadline: number, now: Instant): void {
    vcpu.deadlineMode = false;
    this.start(vcpu, deadline, 0, now);
  }

  /** `start_apic_timer` in periodic mode. */
  countPeriods(vcpu: Vcpu, asked: number, now: Instant): void {
    vcpu.deadlineMode = false;
    const period = asked === 0 ? 0 : Math.max(asked, cyclesOf(MIN_PERIOD_NS, this.ghz));
    this.start(vcpu, period === 0 ? 0 : now + period, period, now);
  }

  /** `kvm_apic_set_state`: a count that came from another host goes on from where it stood (TMCCT). */
  resumeCount(vcpu: Vcpu, left: number, period: number, now: Instant): void {
    vcpu.deadlineMode = false;
    this.start(vcpu, now + left, period, now);
  }

  /** Cycles by which the timer is fired early. */
  advanceCycles(vcpu: Vcpu): number {
    return cyclesOf(vcpu.advance.ns, this.ghz);
  }

  /** WRMSR TSC_DEADLINE under APIC-timer virtualization: KVM has no part in it. */
  writeVirtual(vcpu: Vcpu, deadline: number, now: Instant): void {
    vcpu.deadlineMode = true;
    vcpu.period = 0;
    vcpu.timerPending = false;
    vcpu.timer = deadline === 0 ? TIMER.none : TIMER.virtual;
    vcpu.deadline = deadline === 0 ? NEVER : (deadline as Instant);
    vcpu.timerAt = Math.max(now, vcpu.deadline) as Instant;
  }

  /** The VM is entered: the preemption timer counts from here, and the CPU looks at the deadline that it keeps. */
  enterGuest(vcpu: Vcpu, now: Instant): void {
    if (vcpu.timer === TIMER.hv) vcpu.timerAt = Math.max(now, vcpu.deadline - this.advanceCycles(vcpu)) as Instant;
    // Unless the guest has written it since the entry.
    else if (vcpu.timer === TIMER.virtual && vcpu.timerAt === NEVER) {
      vcpu.timerAt = Math.max(now, vcpu.deadline) as Instant;
    }
  }

  /** The VM is left: neither of them does anything in root mode. */
  leaveGuest(vcpu: Vcpu): void {
    if (vcpu.timer === TIMER.hv || vcpu.timer === TIMER.virtual) vcpu.timerAt = NEVER;
  }

  /** The CPU itself delivers the expiry into the guest; true when that took no exit. */
  expireVirtual(vcpu: Vcpu, now: Instant): boolean {
    vcpu.timer = TIMER.none;
    vcpu.timerAt = NEVER;
    vcpu.lateFor = vcpu.deadline;
    vcpu.deadline = NEVER;
    this.tally.add(DELIVERY.virtual, 1);
    if (!vcpu.apicv) this.delivery.deliver(vcpu, VECTOR.timer, now);
    else vcpu.irr |= VECTOR.timer;
    return vcpu.apicv;
  }

  /** `kvm_lapic_expired_hv_timer`, in the handler of the PREEMPTION_TIMER exit. */
  expireHv(vcpu: Vcpu, now: Instant): void {
    vcpu.timer = TIMER.none;
    vcpu.timerAt = NEVER;
    this.tally.add(DELIVERY.preemption_timer, 1);
    this.expired(vcpu, now, "hv_timer");
    if (vcpu.period === 0) return;
    vcpu.deadline = (vcpu.deadline + vcpu.period) as Instant;
    this.restart(vcpu, now);
  }

  /** The hrtimer's own next event. */
  fire(vcpu: Vcpu, now: Instant): void {
    if (vcpu.timer === TIMER.armed) {
      vcpu.timer = TIMER.callback;
      vcpu.timerAt = this.cpus.interrupt(vcpu.timerCpu, now, this.cpus.software(EXTRAS.hrtimerInterrupt.value));
      return;
    }
    const { deadline } = vcpu;
    if (vcpu.timer === TIMER.posting) {
      this.tally.add(DELIVERY.posted, 1);
      this.nextPeriod(vcpu, now);
      this.delivery.deliver(vcpu, VECTOR.timer, now);
    } else if (vcpu.canPostTimer && vcpu.inGuestMode(now) && !vcpu.timerPending) {
      vcpu.timer = TIMER.posting;
      vcpu.expiredDeadline = NEVER;
      vcpu.lateFor = deadline;
      vcpu.timerAt = vcpu.deadlineMode ? this.waitOnHousekeeper(vcpu, now) : now;
    } else {
      const halted = vcpu.state === STATE.poll || vcpu.state === STATE.blocked;
      this.tally.add(halted ? DELIVERY.wakeup : DELIVERY.hrtimer, 1);
      vcpu.timer = TIMER.none;
      vcpu.timerAt = NEVER;
      this.expired(vcpu, now, "hrtimer");
      if (vcpu.period > 0) this.nextPeriod(vcpu, now);
    }
  }

  /** `kvm_lapic_switch_to_sw_timer`: the vCPU is about to block. True when a timer was moved. */
  switchToSoftware(vcpu: Vcpu, now: Instant): boolean {
    if (vcpu.timer !== TIMER.hv && vcpu.timer !== TIMER.virtual) return false;
    vcpu.hvTimerBeforeBlock = true;
    this.startSoftware(vcpu, now);
    return true;
  }

  /** `kvm_lapic_switch_to_hv_timer`: the vCPU runs again. Returns what starting an hrtimer once more takes of its exit. */
  switchToHv(vcpu: Vcpu, now: Instant): number {
    const restarts = vcpu.hvTimerBeforeBlock || (this.restartsAfterBlock && vcpu.usesLapicTimer);
    vcpu.hvTimerBeforeBlock = false;
    if (vcpu.timer !== TIMER.armed || !restarts) return 0;
    vcpu.timerAt = NEVER;
    this.restart(vcpu, now);
    if (vcpu.timerAt === NEVER || vcpu.cost === null) return 0;
    const work = this.cpus.software(EXTRAS.hrtimer.value);
    vcpu.hasExtras = true;
    vcpu.handlerCycles += work;
    return work;
  }

  /**
   * The vCPU is loaded on another CPU: the preemption timer is asked (`kvm_lapic_restart_hv_timer`), an
   * hrtimer looks for a CPU again (`__kvm_migrate_apic_timer`), unless it is one to be posted. True when
   * an hrtimer was moved.
   */
  moved(vcpu: Vcpu, now: Instant): boolean {
    if (vcpu.timer === TIMER.hv) {
      if (vcpu.period === 0 && vcpu.deadline - this.advanceCycles(vcpu) <= now) this.expireHv(vcpu, now);
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
    if (vcpu.period === 0) vcpu.deadline = NEVER;
    this.inject(vcpu);
  }

  private start(vcpu: Vcpu, deadline: number, period: number, now: Instant): Armed {
    vcpu.timer = TIMER.none;
    vcpu.timerAt = NEVER;
    vcpu.timerPending = false;
    vcpu.period = period;
    if (deadline === 0) {
      vcpu.deadline = NEVER;
      return "off";
    }
    vcpu.deadline = deadline as Instant;
    return this.restart(vcpu, now);
  }

  private restart(vcpu: Vcpu, now: Instant): Armed {
    if (vcpu.canVirtualizeTimer && vcpu.deadlineMode) {
      vcpu.timer = TIMER.virtual;
      vcpu.timerAt = NEVER;
      return "armed";
    }
    const left = vcpu.deadline - this.advanceCycles(vcpu) - now;
    if (vcpu.canUseHvTimer && left < this.hvLimit) {
      // In periodic mode start_hv_timer leaves even an expiry to the exit, which starts the next period.
      if (left <= 0 && vcpu.period === 0) return this.expired(vcpu, now, "hv_timer");
      vcpu.timer = TIMER.hv;
      vcpu.timerAt = NEVER;
      return "armed";
    }
    return this.startSoftware(vcpu, now);
  }

  /** start_sw_tscdeadline and start_sw_period; only the former fires early. */
  private startSoftware(vcpu: Vcpu, now: Instant): Armed {
    vcpu.timer = TIMER.none;
    const at = vcpu.deadlineMode ? vcpu.deadline - this.advanceCycles(vcpu) : vcpu.deadline;
    if (at <= now) {
      const { period } = vcpu;
      const armed = this.expired(vcpu, now, "arming");
      if (period === 0) return armed;
      vcpu.deadline = (at + period) as Instant;
    }
    vcpu.timer = TIMER.armed;
    vcpu.timerCpu = this.cpus.timerTarget(vcpu.cpu, now);
    vcpu.timerAt = Math.max(now, at <= now ? vcpu.deadline : at) as Instant;
    return "armed";
  }

  /** HRTIMER_RESTART: the hrtimer of a periodic timer goes on where it fired. */
  private nextPeriod(vcpu: Vcpu, now: Instant): void {
    vcpu.timer = vcpu.period === 0 ? TIMER.none : TIMER.armed;
    vcpu.deadline = vcpu.period === 0 ? NEVER : ((vcpu.deadline + vcpu.period) as Instant);
    vcpu.timerAt = Math.max(now, vcpu.deadline) as Instant;
  }

  /** `apic_timer_expired`; a period that ends while the last one's interrupt is pending is lost. */
  private expired(vcpu: Vcpu, now: Instant, by: "hv_timer" | "hrtimer" | "arming"): Armed {
    vcpu.timer = TIMER.none;
    if (vcpu.timerPending) return "pending";
    vcpu.expiredDeadline = vcpu.deadlineMode || by === "hv_timer" ? vcpu.deadline : NEVER;
    vcpu.lateFor = vcpu.deadline;
    if (by !== "hrtimer" && vcpu.apicv) {
      if (vcpu.period === 0) vcpu.deadline = NEVER;
      this.inject(vcpu);
      return "injected";
    }
    vcpu.timerPending = true;
    if (by === "hrtimer") this.delivery.kick(vcpu, now);
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
    adjustAdvance(vcpu.advance, late * (vcpu.tscGhz / this.ghz), vcpu.tscGhz);
    return wait === 0 ? now : this.cpus.interrupt(vcpu.timerCpu, now, wait);
  }
}
