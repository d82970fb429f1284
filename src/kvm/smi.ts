/**
 * System-management interrupts: firmware takes all CPUs of the host at once, whatever they are at, and gives them
 * back as they were. Software sees nothing of it but the time that has passed, and MSR_SMI_COUNT.
 *
 * SDM 3, chapter "System Management Mode". Simplified: evenly spaced, as a timer of the firmware's asks for
 * them, from a phase that the host's seed decides; all of them as long; CPUs that sleep sleep on.
 */
import { SMI_NS } from "../hw/smi.ts";
import { cyclesOf, NEVER, type Instant } from "../lib/units.ts";
import { Stream } from "../sim/random.ts";
import { flushSoFar } from "./exit-progress.ts";
import { PHASE, STATE, TIMER, type Vcpu } from "./vcpu.ts";

export class Smis {
  /** When the next one comes. */
  at: number = NEVER;
  private readonly phase: number;
  private period = Infinity;
  private length = -0;

  constructor(seed: number) {
    this.phase = new Stream(seed, "smi").next();
  }

  configure(perSecond: number, ghz: number, now: Instant): void {
    this.length = cyclesOf(SMI_NS.value, ghz);
    const period = perSecond === 0 ? Infinity : Math.max(2 * this.length, Math.round((ghz * 1e9) / perSecond));
    if (period === this.period) return;
    this.period = period;
    this.at = period === Infinity ? NEVER : now + Math.ceil(this.phase * period);
  }

  /** One has come: its cycles. */
  take(): number {
    this.at += this.period;
    return this.length;
  }

  shift(delta: number): void {
    this.at += delta;
  }
}

/** The vCPU's CPU is taken for so many cycles: what it is at goes on later, and what comes meanwhile is seen then. */
export function holdVcpu(vcpu: Vcpu, now: Instant, length: number): void {
  const until = now + length;
  vcpu.hostInterruptAt = Math.max(vcpu.hostInterruptAt, until) as Instant;
  vcpu.notifyAt = Math.max(vcpu.notifyAt, until) as Instant;
  vcpu.program.arrivalAt = Math.max(vcpu.program.arrivalAt, until) as Instant;
  const works = vcpu.timer === TIMER.callback || vcpu.timer === TIMER.posting;
  vcpu.timerAt = (works ? vcpu.timerAt + length : Math.max(vcpu.timerAt, until)) as Instant;
  if (vcpu.haltedInGuest && vcpu.awakeAt > now) vcpu.awakeAt = (vcpu.awakeAt + length) as Instant;
  // A window of polling and the wait for a deadline end when they would have.
  const waits = vcpu.state === STATE.poll ? vcpu.phase === PHASE.pollOver : vcpu.state === STATE.exit && vcpu.waitCycles > 0;
  const step = (waits ? Math.max(vcpu.stepAt, until) : vcpu.stepAt + length) as Instant;
  if (vcpu.state === STATE.exit) holdExit(vcpu, now, length, step - vcpu.stepAt);
  vcpu.stepAt = step;
}

function holdExit(vcpu: Vcpu, now: Instant, length: number, longer: number): void {
  // What of its flush has passed has passed.
  vcpu.flushHeld = flushSoFar(vcpu, now);
  vcpu.hasExtras = true;
  vcpu.smiCycles += longer;
  if (vcpu.interruptsOnAt > now) vcpu.interruptsOnAt = (vcpu.interruptsOnAt + length) as Instant;
  if (vcpu.interruptsDoneAt > now) vcpu.interruptsDoneAt = (vcpu.interruptsDoneAt + length) as Instant;
}
