/**
 * What happens to a vCPU when its next event comes: a host interrupt ends the guest, a notification
 * arrives, a timer fires, a device has something for it, or its own next step is due.
 */
import { VECTOR } from "../guest/program.ts";
import { NEVER, type Instant } from "../lib/units.ts";
import { KIND } from "./exit-kinds.ts";
import { coreAwakeAt } from "./guest-halt.ts";
import type { GuestOperations } from "./guest-operations.ts";
import type { LapicTimer } from "./lapic-timer.ts";
import type { PauseLoop } from "./pause-loop.ts";
import type { PhysicalCpus } from "./physical-cpus.ts";
import type { InterruptDelivery } from "./posted-interrupt.ts";
import type { RunLoop } from "./run-loop.ts";
import type { Scheduler } from "./scheduler.ts";
import type { IpiSending } from "./send-ipi.ts";
import { PHASE, SOURCE, STATE, TIMER, type Vcpu } from "./vcpu.ts";
import type { VcpuBlock } from "./vcpu-block.ts";
import type { VcpuSwitch } from "./vcpu-switch.ts";
import type { VhostNet } from "./vhost.ts";

/** Where the events go. */
interface EventNeeds {
  readonly loop: RunLoop;
  readonly delivery: InterruptDelivery;
  readonly operations: GuestOperations;
  readonly timer: LapicTimer;
  readonly block: VcpuBlock;
  readonly ipis: IpiSending;
  readonly scheduler: Scheduler;
  readonly pauses: PauseLoop;
  readonly switching: VcpuSwitch;
  readonly cpus: PhysicalCpus;
  readonly vhost: VhostNet;
}

export class VcpuEvents {
  private readonly to: EventNeeds;

  constructor(to: EventNeeds) {
    this.to = to;
  }

  /** A core that its guest has put to sleep leaves its C-state before it does anything about an event. */
  fire(vcpu: Vcpu, now: Instant): void {
    const { loop, operations, timer, delivery } = this.to;
    switch (vcpu.source) {
      case SOURCE.step:
        this.step(vcpu, now);
        return;
      case SOURCE.notification:
        vcpu.notifyAt = coreAwakeAt(vcpu, now);
        if (vcpu.notifyAt <= now) loop.notified(vcpu, now);
        return;
      case SOURCE.timer:
        if (vcpu.timer !== TIMER.hv && vcpu.timer !== TIMER.virtual) {
          timer.fire(vcpu, now);
          return;
        }
        vcpu.timerAt = coreAwakeAt(vcpu, now);
        if (vcpu.timerAt > now) return;
        if (vcpu.timer === TIMER.hv) operations.preemptionTimer(vcpu, now);
        else if (timer.expireVirtual(vcpu, now)) loop.lookAtIrr(vcpu, now);
        return;
      case SOURCE.arrival:
        if (vcpu.program.arrive(now)) delivery.deliver(vcpu, VECTOR.device, now);
        return;
      default:
        vcpu.hostInterruptAt = NEVER;
        if (vcpu.state === STATE.guest) loop.exitByEvent(vcpu, KIND.externalInterrupt, now);
    }
  }

  /** Takes a vCPU off its CPU where it is, the guest included. */
  preempt(vcpu: Vcpu, now: Instant): void {
    const { loop, block, switching } = this.to;
    if (vcpu.state === STATE.guest) loop.exitByEvent(vcpu, KIND.externalInterrupt, now);
    if (vcpu.state === STATE.poll) block.pollEnded(vcpu, now);
    if (vcpu.state === STATE.blocked) switching.queue(vcpu, now);
    else if (vcpu.state === STATE.steal) vcpu.stepAt = NEVER;
    else if (vcpu.phase === PHASE.leaving) switching.left(vcpu, now);
    else switching.hold(vcpu, now);
  }

  private step(vcpu: Vcpu, now: Instant): void {
    const { loop, block, scheduler } = this.to;
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
        if (vcpu.task === null) block.running(vcpu, now);
        else scheduler.running(vcpu, now);
        return;
      case PHASE.leaving:
        scheduler.left(vcpu, now);
        return;
      case PHASE.resuming:
        this.resume(vcpu, now);
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
    if (vcpu.kind === KIND.pauseLoop || (vcpu.kind === KIND.vmcall && vcpu.spin.yieldsTo >= 0)) {
      this.yields(vcpu, now);
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

  /** A directed yield, which takes place when the exit is over. */
  private yields(vcpu: Vcpu, now: Instant): void {
    vcpu.phase = PHASE.end;
    vcpu.stepAt = (now + vcpu.afterEffect) as Instant;
    if (vcpu.kind === KIND.pauseLoop) this.to.pauses.onSpin(vcpu, now);
    else this.to.pauses.schedYield(vcpu, now);
  }

  /** A vCPU that was preempted has a CPU again, perhaps one of its own. */
  private resume(vcpu: Vcpu, now: Instant): void {
    const { scheduler, switching, cpus } = this.to;
    if (vcpu.task !== null) {
      scheduler.running(vcpu, now);
      return;
    }
    switching.resume(vcpu, null, now);
    cpus.resume(vcpu.cpu, now);
  }
}
