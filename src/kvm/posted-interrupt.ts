/**
 * Delivery of an interrupt to a vCPU. With APICv the sender sets a bit in the posted-interrupt
 * descriptor; a running vCPU is notified by a physical IPI that causes no exit, a vCPU on its way
 * into the guest finds the bit at entry, a blocked one is woken. Without APICv a running vCPU is
 * kicked out of the guest.
 *
 * Linux arch/x86/kvm/vmx/vmx.c vmx_deliver_posted_interrupt; virt/kvm/kvm_main.c kvm_vcpu_kick.
 */
import { EXTRAS } from "../cost/paths.ts";
import type { Vector } from "../guest/program.ts";
import { NEVER, type Instant } from "../lib/units.ts";
import { STATE, type Vcpu } from "./vcpu.ts";

/** What delivery needs of its surroundings. */
export interface DeliveryNeeds {
  /** From a physical IPI's sending to its arrival, host TSC cycles. */
  readonly ipiFlight: number;
  /** Wakes a halted vCPU at `now` (`kvm_vcpu_wake_up`). */
  wake(vcpu: Vcpu, now: Instant): void;
  rekey(vcpu: Vcpu): void;
}

export class InterruptDelivery {
  private readonly needs: DeliveryNeeds;

  constructor(needs: DeliveryNeeds) {
    this.needs = needs;
  }

  /** `vmx_deliver_interrupt`: a vector that is already pending coalesces, as in the IRR. */
  deliver(vcpu: Vcpu, vector: Vector, now: Instant): void {
    if (!vcpu.apicv) {
      vcpu.irr |= vector;
      this.kick(vcpu, now);
      return;
    }
    if ((vcpu.pir & vector) !== 0) return;
    vcpu.pir |= vector;
    if (vcpu.state === STATE.guest) this.notify(vcpu, now, false);
    else this.needs.wake(vcpu, now);
  }

  /** `kvm_vcpu_kick`: out of the guest if it is there, awake if it sleeps. */
  kick(vcpu: Vcpu, now: Instant): void {
    if (vcpu.state === STATE.guest) {
      this.notify(vcpu, now, true);
      return;
    }
    if (!vcpu.inGuestMode(now)) {
      this.needs.wake(vcpu, now);
      return;
    }
    // Mode IN_GUEST_MODE with host interrupts off: a re-entry finds the request and leaves the
    // inner loop; later than that the reschedule IPI ends the entry at once.
    if (vcpu.cost !== null && vcpu.cost.interruptsOnAt === Infinity) vcpu.leavesLoop = true;
    else vcpu.pendingInterruptCycles += EXTRAS.reschedule.value;
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
