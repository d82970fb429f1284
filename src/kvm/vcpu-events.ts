/**
 * What happens to a vCPU when its next event comes: a host interrupt ends the guest, a notification
 * arrives, a timer fires, a device has something for it, or its own next step is due.
 */
import { VECTOR } from "../guest/program.ts";
import { NEVER, type Instant } from "../lib/units.ts";
import { KIND } from "./exit-kinds.ts";
import type { GuestOperations } from "./guest-operations.ts";
import type { LapicTimer } from "./lapic-timer.ts";
import type { InterruptDelivery } from "./posted-interrupt.ts";
import type { RunLoop } from "./run-loop.ts";
import type { IpiSending } from "./send-ipi.ts";
import { PHASE, SOURCE, STATE, TIMER, type Vcpu } from "./vcpu.ts";
import type { VcpuBlock } from "./vcpu-block.ts";
import type { VhostNet } from "./vhost.ts";

/** Where the events go. */
interface EventNeeds {
  readonly loop: RunLoop;
  readonly delivery: InterruptDelivery;
  readonly operations: GuestOperations;
  readonly timer: LapicTimer;
  readonly block: VcpuBlock;
  readonly ipis: IpiSending;
  readonly vhost: VhostNet;
}

export class VcpuEvents {
  private readonly to: EventNeeds;

  constructor(to: EventNeeds) {
    this.to = to;
  }

  fire(vcpu: Vcpu, now: Instant): void {
    const { loop, operations, timer, delivery } = this.to;
    switch (vcpu.source) {
      case SOURCE.step:
        this.step(vcpu, now);
        return;
      case SOURCE.notification:
        loop.notified(vcpu, now);
        return;
      case SOURCE.timer:
        if (vcpu.timer === TIMER.hv) operations.preemptionTimer(vcpu, now);
        else timer.fire(vcpu, now);
        return;
      case SOURCE.arrival:
        if (vcpu.program.arrive(now)) delivery.deliver(vcpu, VECTOR.device, now);
        return;
      default:
        vcpu.hostInterruptAt = NEVER;
        if (vcpu.state === STATE.guest) loop.exitByEvent(vcpu, KIND.externalInterrupt, now);
    }
  }

  private step(vcpu: Vcpu, now: Instant): void {
    const { loop, block } = this.to;
    if (vcpu.state === STATE.guest) {
      loop.step(vcpu, now);
      return;
    }
    switch (vcpu.phase) {
      case PHASE.effect:
        this.effect(vcpu, now);
        return;
      case PHASE.end:
        loop.end(vcpu, now);
        return;
      case PHASE.asleep:
        block.asleep(vcpu, now);
        return;
      case PHASE.running:
        block.running(vcpu, now);
        return;
      default:
        block.pollEnded(vcpu, now);
    }
  }

  private effect(vcpu: Vcpu, now: Instant): void {
    const { loop, block, ipis, vhost } = this.to;
    if (vcpu.kind === KIND.hlt || vcpu.kind === KIND.hltReenter || vcpu.kind === KIND.hltBlocks) {
      block.halt(vcpu, now);
      return;
    }
    if (vcpu.kind !== KIND.doorbell) {
      ipis.reachNext(vcpu, now);
      return;
    }
    vcpu.phase = PHASE.end;
    vcpu.stepAt = (now + vcpu.afterEffect) as Instant;
    loop.addWakeWork(vcpu, vhost.notified(vcpu, now));
  }
}
