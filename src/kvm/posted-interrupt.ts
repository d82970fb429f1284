/**
 * Delivery of an interrupt to a vCPU. With APICv the sender sets a bit in the posted-interrupt
 * descriptor; a running vCPU is notified by a physical IPI that causes no exit, a vCPU on its way
 * into the guest finds the bit at entry, a blocked one is woken. Without APICv a running vCPU is
 * kicked out of the guest.
 *
 * Linux arch/x86/kvm/vmx/vmx.c vmx_deliver_posted_interrupt; virt/kvm/kvm_main.c kvm_vcpu_kick.
 */
import type { Vector } from "../guest/program.ts";
import { NEVER, type Instant } from "../lib/units.ts";
import { STATE, type Vcpu } from "./vcpu.ts";

/** What delivery needs of its surroundings. */
export interface DeliveryNeeds {
  /** From a physical IPI's sending to its arrival, host TSC cycles. */
  readonly ipiFlight: number;
  /** Cycles of a reschedule interrupt. */
  readonly reschedule: number;
  /** Wakes a halted vCPU at `now` (`kvm_vcpu_wake_up`); true when its thread slept. */
  wake(vcpu: Vcpu, now: Instant): boolean;
  rekey(vcpu: Vcpu): void;
}

export class InterruptDelivery {
  private readonly needs: DeliveryNeeds;

  constructor(needs: DeliveryNeeds) {
    this.needs = needs;
  }

  /**
   * `vmx_deliver_interrupt`: a vector that is already pending coalesces, as in the IRR. True when
   * the sender had to wake a sleeping thread.
   */
  deliver(vcpu: Vcpu, vector: Vector, now: Instant): boolean {
    if (!vcpu.apicv) {
      vcpu.irr |= vector;
      return this.kick(vcpu, now);
    }
    if ((vcpu.pir & vector) !== 0) return false;
    vcpu.pir |= vector;
    if (vcpu.state !== STATE.guest) return this.needs.wake(vcpu, now);
    this.notify(vcpu, now, false);
    return false;
  }

  /** `kvm_vcpu_kick`: out of the guest if it is there, awake if it sleeps; true when its thread slept. */
  kick(vcpu: Vcpu, now: Instant): boolean {
    if (vcpu.state === STATE.guest) {
      this.notify(vcpu, now, true);
      return false;
    }
    if (!vcpu.inGuestMode(now)) return this.needs.wake(vcpu, now);
    // Mode IN_GUEST_MODE with host interrupts off: a re-entry finds the request and leaves the
    // inner loop; later than that the reschedule IPI ends the entry at once.
    if (vcpu.cost !== null && vcpu.cost.interruptsOnAt === Infinity) vcpu.leavesLoop = true;
    else vcpu.pendingInterruptCycles += this.needs.reschedule;
    return false;
  }

  /** smp_send_reschedule: ends the guest of a vCPU that is to give its CPU to another thread. */
  reschedule(vcpu: Vcpu, now: Instant): void {
    this.notify(vcpu, now, true);
  }

  private notify(vcpu: Vcpu, now: Instant, kick: boolean): void {
    if (vcpu.notifyAt !== NEVER) {
      vcpu.notifyIsKick ||= kick;
      return;
    }
    vcpu.notifyAt = (now + this.needs.ipiFlight) as Instant;
    vcpu.notifyIsKick = kick;
    this.needs.rekey(vcpu);
  }
}
