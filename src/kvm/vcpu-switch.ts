/**
 * A vCPU's thread leaves its CPU because another one is to run, and comes back: what KVM does then
 * through its preempt notifiers.
 *
 *   end of an exit, need_resched ──▶ leaving ──▶ STEAL (runnable) ──▶ resuming ──▶ on with the exit
 *
 * Linux virt/kvm/kvm_main.c kvm_sched_out, kvm_sched_in; arch/x86/kvm/x86.c kvm_arch_vcpu_load,
 * kvm_arch_vcpu_put; vmx/vmx.c vmx_vcpu_load_vmcs. A preempted vCPU's preemption timer stands: on the
 * same CPU it ends the next entry at once, on another one it is asked when the vCPU is loaded. Simplified:
 * need_resched is looked at when an exit is over, its entry's cycles included, which come before the switch here.
 */
import type { ExitCost } from "../cost/plan.ts";
import { EXTRAS } from "../cost/paths.ts";
import { NEVER, type Instant } from "../lib/units.ts";
import { statIndex } from "./accounting.ts";
import { KIND } from "./exit-kinds.ts";
import { flushSoFar } from "./exit-progress.ts";
import type { LapicTimer } from "./lapic-timer.ts";
import type { PhysicalCpus } from "./physical-cpus.ts";
import type { RunQueue } from "./run-queue.ts";
import type { Tally } from "./tally.ts";
import { PHASE, STATE, type Vcpu } from "./vcpu.ts";
import { enterState } from "./vcpu-time.ts";

const PREEMPTION_REPORTED = statIndex("preemption_reported");
const PREEMPTION_OTHER = statIndex("preemption_other");

export interface SwitchSettings {
  readonly ghz: number;
  readonly ipiFlight: number;
  /** Cycles of the barrier when the CPU's last vCPU was another one; 0 where nothing asks for it. */
  readonly barrierCycles: number;
  /** The kernel counts how a vCPU was preempted. */
  readonly countsPreemption: boolean;
}

export interface SwitchNeeds {
  readonly settings: SwitchSettings;
  readonly cpus: PhysicalCpus;
  readonly timer: LapicTimer;
  readonly tally: Tally;
}

export class VcpuSwitch {
  settings: SwitchSettings;
  private readonly cpus: PhysicalCpus;
  private readonly timer: LapicTimer;
  private readonly tally: Tally;

  constructor(needs: SwitchNeeds) {
    this.settings = needs.settings;
    this.cpus = needs.cpus;
    this.timer = needs.timer;
    this.tally = needs.tally;
  }

  /** The exit is over and another thread is to run: kvm_sched_out begins. */
  leave(vcpu: Vcpu, now: Instant): void {
    const work = this.cpus.software(EXTRAS.scheduleOut.value);
    const cost = vcpu.cost as ExitCost;
    vcpu.hasExtras = true;
    vcpu.wakeCycles += work;
    vcpu.flushHeld = vcpu.flush ? cost.conditionalFlush : 0;
    vcpu.phase = PHASE.leaving;
    vcpu.afterEffect = 0;
    vcpu.stepAt = (now + work) as Instant;
    vcpu.hostInterruptAt = NEVER;
    this.cpus.letInterruptsIn(vcpu, now);
    if (this.settings.countsPreemption) {
      // Only a host interrupt is known to come between two instructions of the guest.
      this.tally.add(vcpu.kind === KIND.externalInterrupt ? PREEMPTION_REPORTED : PREEMPTION_OTHER, 1);
    }
  }

  /** It has left: runnable, and not running. */
  left(vcpu: Vcpu, now: Instant): void {
    enterState(this.tally, vcpu, STATE.steal, now);
    vcpu.needResched = false;
    vcpu.heldPhase = PHASE.end;
    vcpu.heldCycles = vcpu.afterEffect;
    vcpu.afterEffect = 0;
    vcpu.phase = PHASE.resuming;
    vcpu.stepAt = NEVER;
  }

  /** Taken off its CPU in the middle of an exit, by an administrator who moves it (sched_setaffinity). */
  hold(vcpu: Vcpu, now: Instant): void {
    vcpu.hasExtras = true;
    vcpu.flushHeld = flushSoFar(vcpu, now);
    vcpu.heldPhase = vcpu.phase;
    vcpu.heldCycles = vcpu.stepAt - now;
    enterState(this.tally, vcpu, STATE.steal, now);
    vcpu.needResched = false;
    vcpu.phase = PHASE.resuming;
    vcpu.stepAt = NEVER;
  }

  /** A woken thread finds its CPU taken: it waits in the run queue. */
  queue(vcpu: Vcpu, now: Instant): void {
    enterState(this.tally, vcpu, STATE.steal, now);
    vcpu.phase = PHASE.running;
    vcpu.stepAt = NEVER;
  }

  /** A thread that was preempted runs again: kvm_sched_in. */
  resume(vcpu: Vcpu, queue: RunQueue | null, now: Instant): void {
    const awayNs = (now - vcpu.since) / this.settings.ghz;
    enterState(this.tally, vcpu, STATE.exit, now);
    const work = this.cpus.software(EXTRAS.scheduleIn.value + vcpu.caches.away(awayNs));
    vcpu.hasExtras = true;
    vcpu.wakeCycles += work;
    const loaded = this.load(vcpu, queue, now);
    vcpu.spin.scheduledIn();
    const { cost } = vcpu;
    let flush = 0;
    if (!vcpu.flush && cost !== null && cost.conditionalFlush > 0) {
      vcpu.flush = true;
      flush = cost.conditionalFlush;
    }
    vcpu.phase = vcpu.heldPhase;
    vcpu.stepAt = (now + work + loaded + vcpu.heldCycles) as Instant;
    if (vcpu.phase === PHASE.end) vcpu.stepAt = (vcpu.stepAt + flush) as Instant;
    else vcpu.afterEffect += flush;
  }

  /** kvm_arch_vcpu_load beyond what every sched-in costs; returns its cycles. */
  load(vcpu: Vcpu, queue: RunQueue | null, now: Instant): number {
    const { task } = vcpu;
    if (task === null || queue === null) return 0;
    let cycles = 0;
    if (task.loadedOn !== vcpu.cpu) {
      if (task.loadedOn >= 0) {
        cycles += this.clearVmcs(task.loadedOn, now);
        if (this.timer.moved(vcpu, now)) cycles += this.cpus.software(EXTRAS.hrtimer.value);
      }
      task.loadedOn = vcpu.cpu;
    }
    if (queue.loaded !== vcpu) {
      queue.loaded = vcpu;
      vcpu.barrierNow = this.settings.barrierCycles;
      vcpu.barrierCycles += vcpu.barrierNow;
      if (vcpu.barrierNow > 0) vcpu.coldPredictors = true;
    }
    vcpu.wakeCycles += cycles;
    return cycles + vcpu.barrierNow;
  }

  /** loaded_vmcs_clear: the CPU that has the VMCS must write it back; the new one waits for its answer. */
  private clearVmcs(cpu: number, now: Instant): number {
    const done = this.cpus.interrupt(cpu, now, this.cpus.software(EXTRAS.vmcsClear.value));
    return done - now + 2 * this.settings.ipiFlight;
  }
}
