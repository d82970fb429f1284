/**
 * What a guest operation does to KVM: whether it exits, with which reason, on which path, and
 * what its effect is. The rules are those of the exit handlers; costs are looked up elsewhere.
 *
 * Linux arch/x86/kvm/x86.c handle_fastpath_set_msr_irqoff, kvm_emulate_halt; lapic.c
 * kvm_apic_send_ipi; vmx.c vmx_update_msr_bitmap_x2apic (what does not exit under APICv).
 */
import { EXTRAS } from "../cost/paths.ts";
import { OP, VECTOR, type Op } from "../guest/program.ts";
import type { Vendor } from "../hw/cpu-model.ts";
import { NEVER, type Instant } from "../lib/units.ts";
import { MISSES, type MissCause } from "./counters.ts";
import { KIND } from "./exit-kinds.ts";
import { FASTPATH_NAMES, type FastpathName } from "./fastpaths.ts";
import type { IcrFastpath, KernelTraits } from "./kernel.ts";
import type { LapicTimer } from "./lapic-timer.ts";
import type { FastpathDecision } from "./resolved.ts";
import type { InterruptDelivery } from "./posted-interrupt.ts";
import type { RunLoop } from "./run-loop.ts";
import { NEVER_MISSED, type Vcpu } from "./vcpu.ts";

/** The fastpath that this kernel with its backports and switches takes, as resolved. */
export interface FastpathSettings {
  readonly decisions: Readonly<Record<FastpathName, FastpathDecision>>;
  readonly traits: KernelTraits;
  readonly misses: MissNumbers;
}

/** Numbers of the misses by fastpath and cause. */
type MissNumbers = Readonly<Record<FastpathName, Readonly<Record<MissCause, number>>>>;

/** Numbers of the misses that a host of this vendor counts. */
export const missNumbers = (vendor: Vendor): MissNumbers => MISS_NUMBERS[vendor];

const numbersOf = (vendor: Vendor): MissNumbers =>
  Object.fromEntries(
    FASTPATH_NAMES.map((name) => [
      name,
      Object.fromEntries(MISSES[vendor].flatMap(({ fastpath, cause }, index) => (fastpath === name ? [[cause, index]] : []))),
    ]),
  ) as Record<FastpathName, Record<MissCause, number>>;
const MISS_NUMBERS = { intel: numbersOf("intel"), amd: numbersOf("amd") };

type IpiOp = typeof OP.ipi | typeof OP.ipiLogical | typeof OP.ipiShorthand | typeof OP.ipiBroadcast | typeof OP.ipiHypercall;
/** Write a destination before the command; the shorthand needs none. */
const ICR_HALVES: ReadonlySet<Op> = new Set([OP.ipi, OP.ipiLogical, OP.ipiBroadcast]);

const PLAIN: Partial<Record<Op, number>> = {
  [OP.cpuid]: KIND.cpuid,
  [OP.portIo]: KIND.portIo,
  [OP.doorbell]: KIND.doorbell,
  [OP.mmio]: KIND.mmio,
  [OP.pageFault]: KIND.eptViolation,
  [OP.levelEoi]: KIND.levelEoi,
  [OP.hypercall]: KIND.vmcall,
  [OP.otherMsr]: KIND.otherMsr,
};
const ICR_KIND: Readonly<Record<IcrFastpath, number>> = {
  absent: KIND.icrSlow,
  skip: KIND.icrSkip,
  handled: KIND.icrHandled,
  reenter: KIND.icrReenter,
};

export interface OperationNeeds {
  readonly timer: LapicTimer;
  readonly delivery: InterruptDelivery;
  readonly loop: () => RunLoop;
  readonly software: (cycles: number) => number;
}

export class GuestOperations {
  settings: FastpathSettings;
  private readonly needs: OperationNeeds;

  constructor(settings: FastpathSettings, needs: OperationNeeds) {
    this.settings = settings;
    this.needs = needs;
  }

  /** Performs the operation that the guest has come to; true when the guest was left. */
  execute(vcpu: Vcpu, now: Instant): boolean {
    const { op } = vcpu.program;
    switch (op) {
      case OP.tscDeadline:
        return this.writeDeadline(vcpu, now);
      case OP.oneShot:
        return this.writeInitialCount(vcpu, now);
      case OP.halt:
        return this.halt(vcpu, now);
      case OP.eoi:
        return this.endOfInterrupt(vcpu, now);
      case OP.pauseLoop:
        return vcpu.pauseInGuest ? this.noExit(vcpu) : this.plain(vcpu, KIND.pauseLoop, now);
      case OP.levelEoi:
        return vcpu.apicv ? this.plain(vcpu, KIND.levelEoi, now) : this.endOfInterrupt(vcpu, now);
      case OP.selfIpi:
        return this.selfIpi(vcpu, now);
      case OP.ipi:
      case OP.ipiLogical:
      case OP.ipiShorthand:
      case OP.ipiBroadcast:
      case OP.ipiHypercall:
        return this.sendIpi(vcpu, op, now);
      default: {
        const kind = PLAIN[op];
        return kind === undefined ? this.noExit(vcpu) : this.plain(vcpu, kind, now);
      }
    }
  }

  /** Why a capable exit whose fastpath does not run missed it. */
  private missOf(fastpath: FastpathName): number {
    return this.settings.misses[fastpath][this.settings.decisions[fastpath].missCause];
  }

  /** WRMSR 0x6e0: `kvm_can_use_hv_timer` decides over the fastpath, at each write. */
  private writeDeadline(vcpu: Vcpu, now: Instant): boolean {
    const { decisions, misses, traits } = this.settings;
    const deadline = vcpu.program.operand;
    const enabled = decisions.tsc_deadline.value;
    const fast = enabled && (traits.tscDeadline === "unconditional" || vcpu.canUseHvTimer);
    const loop = this.needs.loop();
    loop.exitByOperation(vcpu, fast ? KIND.tscDeadlineReenter : KIND.tscDeadlineSlow, now);
    if (!fast) vcpu.miss = enabled ? misses.tsc_deadline.no_hv_timer : this.missOf("tsc_deadline");
    const armed = this.needs.timer.write(vcpu, deadline, this.effectOf(vcpu));
    if (fast && armed === "pending") loop.retarget(vcpu, KIND.tscDeadlineHandled);
    if (vcpu.timerAt !== NEVER) loop.addHandlerWork(vcpu, this.needs.software(EXTRAS.hrtimer.value));
    return true;
  }

  /** TMICT: MSR 0x838 or an APIC-page write; never a fastpath. */
  private writeInitialCount(vcpu: Vcpu, now: Instant): boolean {
    const deadline = vcpu.program.operand;
    this.needs.loop().exitByOperation(vcpu, this.apicRegisterKind(vcpu), now);
    this.needs.timer.write(vcpu, deadline, this.effectOf(vcpu));
    return true;
  }

  /** A write to an APIC register that KVM intercepts. */
  private apicRegisterKind(vcpu: Vcpu): number {
    if (!vcpu.xapic) return KIND.otherMsr;
    return vcpu.apicv ? KIND.apicWrite : KIND.apicAccess;
  }

  /** The preemption timer ran out: its fastpath, or the handler. */
  preemptionTimer(vcpu: Vcpu, now: Instant): void {
    const fast = this.settings.decisions.preemption_timer.value;
    // Without APICv the injection has to wait for the outer loop, so the inner one is left.
    const kind = !fast ? KIND.preemptionTimerSlow : vcpu.apicv ? KIND.preemptionTimerReenter : KIND.preemptionTimerHandled;
    this.needs.loop().exitByEvent(vcpu, kind, now);
    if (!fast) vcpu.miss = this.missOf("preemption_timer");
    this.needs.timer.expireHv(vcpu, this.effectOf(vcpu));
  }

  private halt(vcpu: Vcpu, now: Instant): boolean {
    vcpu.program.interruptible = true;
    if (vcpu.hltInGuest || vcpu.mwaitInGuest) {
      vcpu.haltedInGuest = true;
      vcpu.haltStart = now;
      return this.noExit(vcpu);
    }
    const loop = this.needs.loop();
    loop.exitByOperation(vcpu, KIND.hlt, now);
    loop.stopAtEffect(vcpu);
    return true;
  }

  private endOfInterrupt(vcpu: Vcpu, now: Instant): boolean {
    if (vcpu.apicv) return this.noExit(vcpu);
    return this.plain(vcpu, vcpu.xapic ? KIND.apicAccess : KIND.eoi, now);
  }

  private selfIpi(vcpu: Vcpu, now: Instant): boolean {
    if (vcpu.apicv) {
      vcpu.irr |= VECTOR.call;
      return this.noExit(vcpu);
    }
    this.needs.loop().exitByOperation(vcpu, KIND.otherMsr, now);
    vcpu.irr |= VECTOR.call;
    return true;
  }

  /** ICR write or hypercall; delivery happens at the effect of the exit, not at its end. */
  private sendIpi(vcpu: Vcpu, asked: IpiOp, now: Instant): boolean {
    const { program } = vcpu;
    // A guest in x2APIC cluster mode has logical destinations only.
    const op = asked === OP.ipi && vcpu.logicalDestinations ? OP.ipiLogical : asked;
    if (vcpu.xapic && !vcpu.apicv && ICR_HALVES.has(op) && !vcpu.destinationWritten) {
      // The upper half of an xAPIC's ICR is a register, and an exit, of its own.
      this.plain(vcpu, KIND.apicAccess, now);
      vcpu.destinationWritten = true;
      program.op = asked;
      return true;
    }
    vcpu.destinationWritten = false;
    const targets = this.targets(vcpu, op);
    for (const target of targets) if (target.ipiSentAt === NEVER) target.ipiSentAt = now;
    if (vcpu.ipiVirtualization && op === OP.ipi) {
      for (const target of targets) this.needs.delivery.deliver(target, VECTOR.reschedule, now);
      return this.noExit(vcpu);
    }
    if (op === OP.ipiHypercall) this.plain(vcpu, KIND.vmcall, now);
    else this.writeIcr(vcpu, op, now);
    vcpu.targets = targets;
    this.needs.loop().stopAtEffect(vcpu);
    return true;
  }

  private writeIcr(vcpu: Vcpu, op: IpiOp, now: Instant): void {
    const { icr } = this.settings.traits;
    // IPI virtualization traps what it cannot deliver itself after the write to the APIC page.
    if (vcpu.ipiVirtualization) this.plain(vcpu, KIND.apicWrite, now);
    else if (vcpu.xapic) {
      this.plain(vcpu, this.apicRegisterKind(vcpu), now);
      vcpu.miss = this.settings.decisions.icr.value ? this.settings.misses.icr.not_x2apic : this.missOf("icr");
    } else {
      const miss = this.icrMiss(op);
      this.plain(vcpu, miss === NEVER_MISSED ? ICR_KIND[icr === "absent" ? "handled" : icr] : KIND.icrSlow, now);
      vcpu.miss = miss;
    }
  }

  /** handle_fastpath_set_x2apic_icr_irqoff's conditions, by era. */
  private icrMiss(op: IpiOp): number {
    const { decisions, misses, traits } = this.settings;
    if (!decisions.icr.value) return this.missOf("icr");
    if (op === OP.ipiShorthand) return misses.icr.shorthand;
    if (op === OP.ipiLogical && traits.icrAccepts !== "any_fast") return misses.icr.logical_destination;
    if (op === OP.ipiBroadcast && traits.icrAccepts !== "physical_fixed") return misses.icr.broadcast;
    return NEVER_MISSED;
  }

  /** The IPI's delivery point: its targets see it now, and the sender wakes those that sleep. */
  deliverIpi(vcpu: Vcpu, now: Instant): void {
    const { traits } = this.settings;
    const { wakeSwait, wakeRcuwait } = EXTRAS;
    for (const target of vcpu.targets) {
      if (!this.needs.delivery.deliver(target, VECTOR.reschedule, now)) continue;
      this.needs.loop().addWakeWork(vcpu, this.needs.software((traits.waiter === "swait" ? wakeSwait : wakeRcuwait).value));
    }
  }

  private targets(vcpu: Vcpu, op: IpiOp): readonly Vcpu[] {
    const { siblings } = vcpu;
    switch (op) {
      case OP.ipi:
      case OP.ipiLogical: {
        const target = siblings[vcpu.program.operand];
        return target === undefined ? [] : [target];
      }
      case OP.ipiBroadcast:
        return siblings;
      case OP.ipiShorthand:
      case OP.ipiHypercall:
        return siblings.filter((sibling) => sibling !== vcpu);
    }
  }

  private plain(vcpu: Vcpu, kind: number, now: Instant): boolean {
    this.needs.loop().exitByOperation(vcpu, kind, now);
    return true;
  }

  private noExit(vcpu: Vcpu): boolean {
    vcpu.program.op = OP.none;
    vcpu.program.runCycles = 0;
    return false;
  }

  /** The instant at which the handler of the exit in flight has its effect. */
  private effectOf(vcpu: Vcpu): Instant {
    return (vcpu.since + (vcpu.cost?.effectAt ?? 0)) as Instant;
  }
}
