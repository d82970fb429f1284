/**
 * A guest sends an inter-processor interrupt: by the ICR of its APIC, by the self-IPI register, or
 * by KVM's hypercall. Whether that exits, on which path, and whom it reaches.
 *
 * Linux arch/x86/kvm/lapic.c kvm_apic_send_ipi, kvm_irq_delivery_to_apic_fast, kvm_pv_send_ipi;
 * x86.c handle_fastpath_set_x2apic_icr_irqoff; vmx.c vmx_update_msr_bitmap_x2apic; svm/avic.c
 * avic_incomplete_ipi_interception. Simplified: delivery is fixed or, from 6.18 on without a
 * difference, any other mode; what KVM pays for a further target is one figure for all ways of sending.
 */
import { EXTRAS } from "../cost/paths.ts";
import { OP, VECTOR, type Op } from "../guest/program.ts";
import { NEVER, type Instant } from "../lib/units.ts";
import { KIND } from "./exit-kinds.ts";
import type { FastpathSettings } from "./fastpath-settings.ts";
import { targetsOf, type IpiOp } from "./ipi-targets.ts";
import type { IcrFastpath } from "./kernel.ts";
import type { InterruptDelivery } from "./posted-interrupt.ts";
import type { RunLoop } from "./run-loop.ts";
import { NEVER_MISSED, PHASE, STATE, type Vcpu } from "./vcpu.ts";
import { VIRTUAL_IPIS } from "./virtual-apic.ts";

/** Write a destination before the command; a shorthand needs none. */
const ICR_HALVES: ReadonlySet<Op> = new Set([OP.ipi, OP.ipiLogical, OP.ipiCluster, OP.ipiBroadcast]);

const ICR_KIND: Readonly<Record<IcrFastpath, number>> = {
  absent: KIND.icrSlow,
  skip: KIND.icrSkip,
  handled: KIND.icrHandled,
  reenter: KIND.icrReenter,
};

export interface SendNeeds {
  readonly delivery: InterruptDelivery;
  readonly loop: () => RunLoop;
  readonly software: (cycles: number) => number;
  /** POSTED_INTR_WAKEUP_VECTOR on the CPU that a blocked vCPU ran on last (pi_wakeup_handler). */
  readonly wakeupVector: (cpu: number, woken: Vcpu, now: Instant) => void;
}

export class IpiSending {
  settings: FastpathSettings;
  private readonly needs: SendNeeds;

  constructor(settings: FastpathSettings, needs: SendNeeds) {
    this.settings = settings;
    this.needs = needs;
  }

  /** ICR write or hypercall; delivery happens at the effect of the exit, not at its end. True when the guest was left. */
  send(vcpu: Vcpu, asked: IpiOp, now: Instant): boolean {
    const { program } = vcpu;
    const loop = this.needs.loop();
    // A guest in x2APIC cluster mode has logical destinations only.
    const op = asked === OP.ipi && vcpu.logicalDestinations ? OP.ipiLogical : asked;
    if (vcpu.xapic && !vcpu.virtualRegisters && ICR_HALVES.has(op) && !vcpu.destinationWritten) {
      // The upper half of an xAPIC's ICR is a register, and an exit, of its own.
      loop.exitByOperation(vcpu, KIND.apicAccess, now);
      vcpu.destinationWritten = true;
      program.op = asked;
      return true;
    }
    vcpu.destinationWritten = false;
    // Virtual-interrupt delivery knows the self shorthand on the APIC page (SDM 3, APIC-write emulation).
    if (op === OP.ipiSelf && vcpu.xapic && vcpu.virtualSelfIpi) return interruptsItself(vcpu);
    const targets = targetsOf(vcpu, op);
    for (const target of targets) if (target.ipiSentAt === NEVER) target.ipiSentAt = now;
    if (op === OP.ipiHypercall) loop.exitByOperation(vcpu, KIND.vmcall, now);
    else if (op === OP.hvIpi) loop.exitByOperation(vcpu, KIND.hvIcr, now);
    else if (this.sentByHardware(vcpu, op, targets, now)) return false;
    else this.writeIcr(vcpu, op, now);
    vcpu.targets = targets;
    vcpu.reached = 0;
    if (targets.length > 1) loop.addHandlerWork(vcpu, (targets.length - 1) * this.needs.software(EXTRAS.ipiTarget.value));
    loop.stopAtEffect(vcpu);
    return true;
  }

  /** The self-IPI register of an x2APIC (0x83f), which an xAPIC lacks: it writes its ICR. Hyper-V's ICR always exits. */
  toSelf(vcpu: Vcpu, op: typeof OP.selfIpi | typeof OP.hvSelfIpi, now: Instant): boolean {
    if (op === OP.hvSelfIpi) {
      this.needs.loop().exitByOperation(vcpu, KIND.hvIcr, now);
      vcpu.irr |= VECTOR.call;
      return true;
    }
    if (vcpu.xapic) return this.send(vcpu, OP.ipiSelf, now);
    if (vcpu.virtualSelfIpi) return interruptsItself(vcpu);
    this.needs.loop().exitByOperation(vcpu, KIND.otherMsr, now);
    vcpu.irr |= VECTOR.call;
    return true;
  }

  /**
   * The IPI's delivery point: its next target sees it now, and if it sleeps the sender wakes it.
   * KVM goes from target to target, so the last one of many waits longest.
   */
  reachNext(vcpu: Vcpu, now: Instant): void {
    const { delivery, loop, software } = this.needs;
    const target = vcpu.targets[vcpu.reached++];
    if (vcpu.reached < vcpu.targets.length) {
      const step = software(EXTRAS.ipiTarget.value);
      vcpu.afterEffect -= step;
      vcpu.stepAt = (now + step) as Instant;
    } else {
      vcpu.phase = PHASE.end;
      vcpu.stepAt = (now + vcpu.afterEffect) as Instant;
    }
    if (target === undefined) return;
    if (target.state === STATE.poll && target.phase === PHASE.pollOver) loop().addWakeWork(vcpu, software(EXTRAS.pollingTarget.value));
    const incomplete = vcpu.kind === KIND.avicIncompleteIpi;
    const slept = incomplete ? delivery.completeDelivery(target, VECTOR.reschedule, now) : delivery.deliver(target, VECTOR.reschedule, now);
    if (slept) loop().addWakeWork(vcpu, this.settings.wakeRemote);
  }

  /** The CPU sends the IPI itself; true when that is all. */
  private sentByHardware(vcpu: Vcpu, op: IpiOp, targets: readonly Vcpu[], now: Instant): boolean {
    switch (vcpu.virtualIpis) {
      case VIRTUAL_IPIS.unicast:
        if (op !== OP.ipi) return false;
        for (const target of targets) this.postTo(target, now);
        staysInGuest(vcpu);
        return true;
      case VIRTUAL_IPIS.toRunning:
      case VIRTUAL_IPIS.neverComplete:
        return this.sentByAvic(vcpu, targets, now);
      default:
        return false;
    }
  }

  /** IPI virtualization posts the vector; a blocked target is woken where it ran last, at the cost of whoever runs there now. */
  private postTo(target: Vcpu, now: Instant): void {
    const { cpu } = target;
    if (this.needs.delivery.deliver(target, VECTOR.reschedule, now)) this.needs.wakeupVector(cpu, target, now);
  }

  /**
   * AVIC sets the vector in the virtual IRR of each target and rings the doorbell of those that run;
   * with one that does not run, the write of the ICR ends in an exit.
   */
  private sentByAvic(vcpu: Vcpu, targets: readonly Vcpu[], now: Instant): boolean {
    const { delivery } = this.needs;
    const { avicIpiTarget } = this.settings;
    const knows = vcpu.virtualIpis === VIRTUAL_IPIS.toRunning;
    let cycles = 0;
    let complete = true;
    for (const target of targets) {
      cycles += avicIpiTarget;
      if (target === vcpu) {
        vcpu.irr |= VECTOR.reschedule;
        continue;
      }
      const runs = knows && target.isLoaded();
      delivery.writeVirtualIrr(target, VECTOR.reschedule, now, runs, cycles);
      complete &&= runs;
    }
    if (!complete) return false;
    staysInGuest(vcpu);
    vcpu.program.runCycles = cycles;
    return true;
  }

  private writeIcr(vcpu: Vcpu, op: IpiOp, now: Instant): void {
    const { settings } = this;
    const { icr } = settings.traits;
    const loop = this.needs.loop();
    // IPI virtualization traps what it cannot deliver itself after the write to the APIC page.
    if (vcpu.virtualIpis === VIRTUAL_IPIS.unicast) loop.exitByOperation(vcpu, KIND.apicWrite, now);
    else if (vcpu.virtualIpis !== VIRTUAL_IPIS.none) loop.exitByOperation(vcpu, KIND.avicIncompleteIpi, now);
    else if (vcpu.xapic) {
      loop.exitByOperation(vcpu, vcpu.registerWriteKind, now);
      const { value, missCause } = settings.decisions.icr;
      vcpu.miss = settings.misses.icr[value ? "not_x2apic" : missCause];
    } else {
      const miss = this.icrMiss(op);
      loop.exitByOperation(vcpu, miss === NEVER_MISSED ? ICR_KIND[icr] : KIND.icrSlow, now);
      vcpu.miss = miss;
    }
  }

  /** handle_fastpath_set_x2apic_icr_irqoff's conditions, by era; from 6.18 on those of kvm_irq_delivery_to_apic_fast. */
  private icrMiss(op: IpiOp): number {
    const { decisions, misses, traits } = this.settings;
    if (!decisions.icr.value) return misses.icr[decisions.icr.missCause];
    const anyFast = traits.icrAccepts === "any_fast";
    switch (op) {
      case OP.ipiShorthand:
        return misses.icr.shorthand;
      case OP.ipiSelf:
        return anyFast ? NEVER_MISSED : misses.icr.shorthand;
      case OP.ipiLogical:
      case OP.ipiCluster:
        return anyFast ? NEVER_MISSED : misses.icr.logical_destination;
      case OP.ipiBroadcast:
        return traits.icrAccepts === "physical_fixed" ? NEVER_MISSED : misses.icr.broadcast;
      default:
        return NEVER_MISSED;
    }
  }
}

/** Self-IPI virtualization. */
function interruptsItself(vcpu: Vcpu): boolean {
  vcpu.irr |= VECTOR.call;
  return staysInGuest(vcpu);
}

function staysInGuest(vcpu: Vcpu): boolean {
  vcpu.program.op = OP.none;
  vcpu.program.runCycles = 0;
  return false;
}
