/**
 * What a guest operation does to KVM: whether it exits, with which reason, on which path, and
 * what its effect is. The rules are those of the exit handlers; costs are looked up elsewhere.
 *
 * Linux arch/x86/kvm/x86.c handle_fastpath_set_msr_irqoff, kvm_emulate_halt,
 * handle_fastpath_hlt, handle_fastpath_invd; vmx.c vmx_update_msr_bitmap_x2apic (what does not exit under APICv).
 */
import { EXTRAS } from "../cost/paths.ts";
import { OP, type Op } from "../guest/program.ts";
import { NEVER, type Instant } from "../lib/units.ts";
import { KIND } from "./exit-kinds.ts";
import type { FastpathName } from "./fastpaths.ts";
import type { FastpathSettings } from "./fastpath-settings.ts";
import type { LapicTimer } from "./lapic-timer.ts";
import { saysEoiInMemory } from "./pv-eoi.ts";
import type { PauseLoop } from "./pause-loop.ts";
import type { RunLoop } from "./run-loop.ts";
import type { IpiSending } from "./send-ipi.ts";
import type { Vcpu } from "./vcpu.ts";

const PLAIN: Partial<Record<Op, number>> = {
  [OP.cpuid]: KIND.cpuid,
  [OP.portIo]: KIND.portIo,
  [OP.mmio]: KIND.mmio,
  [OP.pageFault]: KIND.eptViolation,
  [OP.levelEoi]: KIND.levelEoi,
  [OP.hypercall]: KIND.vmcall,
  [OP.otherMsr]: KIND.otherMsr,
  [OP.debugRegister]: KIND.drAccess,
  [OP.hvEoi]: KIND.eoi,
  [OP.other]: KIND.other,
};

export interface OperationNeeds {
  readonly timer: LapicTimer;
  readonly ipis: IpiSending;
  readonly pauses: PauseLoop;
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
      case OP.periodic:
      case OP.hvStimer:
        return this.writeCount(vcpu, op, now);
      case OP.halt:
        return this.halt(vcpu, now);
      case OP.eoi:
        return this.endOfInterrupt(vcpu, now);
      case OP.pauseLoop:
        if (vcpu.pauseInGuest) return this.noExit(vcpu);
        this.needs.pauses.grow(vcpu);
        return this.atEffect(vcpu, KIND.pauseLoop, now);
      case OP.spin:
        return this.spin(vcpu);
      case OP.schedYield:
        vcpu.spin.yieldsTo = vcpu.program.operand;
        return this.atEffect(vcpu, KIND.vmcall, now);
      case OP.levelEoi:
        return this.levelEndOfInterrupt(vcpu, now);
      case OP.selfIpi:
      case OP.hvSelfIpi:
        return this.needs.ipis.toSelf(vcpu, op, now);
      case OP.apicRegister:
        return this.plain(vcpu, vcpu.registerWriteKind, now);
      case OP.doorbell:
        return this.doorbell(vcpu, now);
      case OP.invd:
        return this.invd(vcpu, now);
      case OP.ipi:
      case OP.ipiLogical:
      case OP.ipiCluster:
      case OP.ipiShorthand:
      case OP.ipiSelf:
      case OP.ipiBroadcast:
      case OP.ipiHypercall:
      case OP.hvIpi:
        return this.needs.ipis.send(vcpu, op, now);
      default: {
        const kind = PLAIN[op];
        return kind === undefined ? this.noExit(vcpu) : this.plain(vcpu, kind, now);
      }
    }
  }

  /** Spins until the CPU ends that, or, where KVM lets PAUSE be, for as long as it takes. */
  private spin(vcpu: Vcpu): boolean {
    vcpu.program.op = OP.pauseLoop;
    vcpu.program.runCycles = vcpu.pauseInGuest ? Infinity : this.needs.pauses.windowOf(vcpu);
    return false;
  }

  /** Why a capable exit whose fastpath does not run missed it. */
  private missOf(fastpath: FastpathName): number {
    return this.settings.misses[fastpath][this.settings.decisions[fastpath].missCause];
  }

  /** WRMSR 0x6e0: `kvm_can_use_hv_timer` decides over the fastpath, at each write. */
  private writeDeadline(vcpu: Vcpu, now: Instant): boolean {
    const { decisions, misses, reenters, traits } = this.settings;
    const deadline = vcpu.program.operand;
    if (vcpu.canVirtualizeTimer) return this.writeVirtualDeadline(vcpu, deadline, now);
    const { value: enabled, capable } = decisions.tsc_deadline;
    const fast = enabled && (traits.tscDeadline === "unconditional" || vcpu.canUseHvTimer);
    const loop = this.needs.loop();
    loop.exitByOperation(vcpu, !fast ? KIND.tscDeadlineSlow : reenters ? KIND.tscDeadlineReenter : KIND.tscDeadlineHandled, now);
    if (!fast && capable) vcpu.miss = enabled ? misses.tsc_deadline.no_hv_timer : this.missOf("tsc_deadline");
    const armed = this.needs.timer.write(vcpu, deadline, this.effectOf(vcpu));
    if (fast && reenters && armed === "pending") loop.retarget(vcpu, KIND.tscDeadlineHandled);
    if (fast && armed === "injected") this.notifyItself(vcpu);
    if (vcpu.timerAt !== NEVER) loop.addHandlerWork(vcpu, this.needs.software(EXTRAS.hrtimer.value));
    return true;
  }

  /** APIC-timer virtualization: the CPU takes the write. */
  private writeVirtualDeadline(vcpu: Vcpu, deadline: number, now: Instant): boolean {
    const { virtualTimerWrite } = this.settings;
    this.needs.timer.writeVirtual(vcpu, deadline, (now + virtualTimerWrite) as Instant);
    this.noExit(vcpu);
    vcpu.program.runCycles = virtualTimerWrite;
    return false;
  }

  /** TMICT (MSR 0x838, the APIC page, or what AVIC traps), or HV_X64_MSR_STIMER0_COUNT; never a fastpath. */
  private writeCount(vcpu: Vcpu, op: typeof OP.oneShot | typeof OP.periodic | typeof OP.hvStimer, now: Instant): boolean {
    const { operand } = vcpu.program;
    const loop = this.needs.loop();
    loop.exitByOperation(vcpu, op === OP.hvStimer ? KIND.otherMsr : vcpu.registerWriteKind, now);
    const at = this.effectOf(vcpu);
    if (op === OP.periodic) this.needs.timer.countPeriods(vcpu, operand, at);
    else this.needs.timer.count(vcpu, operand, at);
    if (vcpu.timerAt !== NEVER) loop.addHandlerWork(vcpu, this.needs.software(EXTRAS.hrtimer.value));
    return true;
  }

  /** The preemption timer ran out: its fastpath, or the handler. */
  preemptionTimer(vcpu: Vcpu, now: Instant): void {
    const fast = this.settings.decisions.preemption_timer.value;
    // Without APICv the injection has to wait for the outer loop, so the inner one is left.
    const kind = !fast ? KIND.preemptionTimerSlow : vcpu.apicv ? KIND.preemptionTimerReenter : KIND.preemptionTimerHandled;
    this.needs.loop().exitByEvent(vcpu, kind, now);
    if (!fast) vcpu.miss = this.missOf("preemption_timer");
    this.needs.timer.expireHv(vcpu, this.effectOf(vcpu));
    if (fast && vcpu.apicv) this.notifyItself(vcpu);
  }

  /**
   * In a fastpath the vCPU is still IN_GUEST_MODE, so where vmx_deliver_posted_interrupt does not
   * look who runs here it sends a physical IPI to its own CPU: no exit, but time before the handler.
   */
  private notifyItself(vcpu: Vcpu): void {
    if (this.settings.notifiesItself) this.needs.loop().addHandlerWork(vcpu, this.needs.software(EXTRAS.selfNotification.value));
  }

  private halt(vcpu: Vcpu, now: Instant): boolean {
    vcpu.program.interruptible = true;
    if (vcpu.hltInGuest || vcpu.mwaitInGuest) {
      vcpu.haltedInGuest = true;
      vcpu.haltStart = now;
      vcpu.wokenAt = NEVER;
      return this.noExit(vcpu);
    }
    const { value: fast, capable } = this.settings.decisions.hlt;
    const loop = this.needs.loop();
    loop.exitByOperation(vcpu, fast ? KIND.hltReenter : KIND.hlt, now);
    if (!fast && capable) vcpu.miss = this.missOf("hlt");
    loop.stopAtEffect(vcpu);
    return true;
  }

  /** ioeventfd takes the write; whom it wakes shows at its effect. An assigned device's own registers are mapped. */
  private doorbell(vcpu: Vcpu, now: Instant): boolean {
    if (vcpu.assignedDevice && vcpu.link === null) return this.noExit(vcpu);
    this.plain(vcpu, KIND.doorbell, now);
    if (vcpu.link !== null) this.needs.loop().stopAtEffect(vcpu);
    return true;
  }

  /** KVM treats INVD as a no-op (`handle_fastpath_invd`, `kvm_emulate_invd`). */
  private invd(vcpu: Vcpu, now: Instant): boolean {
    const { value: fast, capable } = this.settings.decisions.invd;
    this.plain(vcpu, fast ? KIND.invdReenter : KIND.invd, now);
    if (!fast && capable) vcpu.miss = this.missOf("invd");
    return true;
  }

  private endOfInterrupt(vcpu: Vcpu, now: Instant): boolean {
    if (vcpu.virtualRegisters || saysEoiInMemory(vcpu)) return this.noExit(vcpu);
    return this.levelEndOfInterrupt(vcpu, now);
  }

  /** The virtual IOAPIC has to hear of it: kvm_ioapic_handles_vector rules a PV EOI out. */
  private levelEndOfInterrupt(vcpu: Vcpu, now: Instant): boolean {
    if (vcpu.virtualRegisters) return this.plain(vcpu, KIND.levelEoi, now);
    return this.plain(vcpu, vcpu.eoiByMsr ? KIND.eoi : KIND.apicAccess, now);
  }

  private plain(vcpu: Vcpu, kind: number, now: Instant): boolean {
    this.needs.loop().exitByOperation(vcpu, kind, now);
    return true;
  }

  /** An exit whose handler has the scheduler do something, where there is one. */
  private atEffect(vcpu: Vcpu, kind: number, now: Instant): boolean {
    this.plain(vcpu, kind, now);
    if (vcpu.task !== null || kind === KIND.vmcall) this.needs.loop().stopAtEffect(vcpu);
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
