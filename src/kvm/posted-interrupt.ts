/**
 * Delivery of an interrupt to a vCPU. With APICv the sender sets a bit in the posted-interrupt
 * descriptor, with AVIC in the virtual IRR itself; a running vCPU is notified without an exit, by a
 * physical IPI or by AVIC's doorbell, a vCPU on its way into the guest finds the bit at entry, a
 * blocked one is woken. Without either a running vCPU is kicked out of the guest.
 *
 * Linux arch/x86/kvm/vmx/vmx.c vmx_deliver_posted_interrupt; svm/svm.c svm_deliver_interrupt,
 * svm_complete_interrupt_delivery; virt/kvm/kvm_main.c kvm_vcpu_kick. Simplified: a bit of the
 * virtual IRR that no doorbell has told of is seen at the next entry only, and a doorbell takes as
 * long as an IPI.
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
  /** A vector that is set already ends the delivery: VMX' descriptor says that it was notified; SVM always goes on. */
  readonly coalesces: boolean;
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
    if (this.needs.coalesces && (vcpu.pir & vector) !== 0) return false;
    vcpu.pir |= vector;
    return this.tell(vcpu, now);
  }

  /**
   * What AVIC does of an IPI by itself: sets the vector in the target's virtual IRR, and rings the
   * doorbell of one that `runs`, `after` cycles from now. A vCPU that polls looks at its IRR.
   */
  writeVirtualIrr(vcpu: Vcpu, vector: Vector, now: Instant, runs: boolean, after: number): void {
    vcpu.pir |= vector;
    if (vcpu.state === STATE.poll) this.needs.wake(vcpu, now);
    else if (runs && vcpu.state === STATE.guest) this.notify(vcpu, (now + after) as Instant, false);
  }

  /** KVM's part of an IPI that AVIC could not complete (`avic_kick_vcpu`); true when the target's thread slept. */
  completeDelivery(vcpu: Vcpu, vector: Vector, now: Instant): boolean {
    return (vcpu.pir & vector) !== 0 && this.tell(vcpu, now);
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

  /** A posted vector is there to be seen; true when the thread of its vCPU slept. */
  private tell(vcpu: Vcpu, now: Instant): boolean {
    if (vcpu.state !== STATE.guest) return this.needs.wake(vcpu, now);
    this.notify(vcpu, now, false);
    return false;
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
