/** When interrupts of the host's own devices and kernel reach each CPU: a Poisson process on those that are not nohz_full. */
import { tailTable } from "../cost/noise.ts";
import { EXTRAS, INTERRUPT_SPREAD } from "../cost/paths.ts";
import { NEVER, type Instant } from "../lib/units.ts";
import { Stream } from "../sim/random.ts";
import { exponential, readQuantile } from "../sim/samplers.ts";

const SPREAD = tailTable(INTERRUPT_SPREAD.device.value);

/** Device and kernel interrupts per second and CPU that the host's own work causes. */
export const HOST_INTERRUPTS_PER_SECOND = {
  housekeeping: 20,
  source:
    "assumed: between the 9 a second that a host's ticks of 250 Hz leave of the EXTERNAL_INTERRUPT exits of a busy vCPU (perf kvm stat, sysbench, 2020) and some 30 that C0 for 0.15 % of the time leaves for an idle one (aca6ff29c406)",
} as const;

export class DeviceInterrupts {
  private readonly at: Float64Array;
  private readonly draws: readonly Stream[];
  private mean = Infinity;
  private readonly workDraws: readonly Stream[];

  constructor(cpus: number, seed: number) {
    this.at = new Float64Array(cpus).fill(NEVER);
    this.draws = Array.from({ length: cpus }, (_, cpu) => new Stream(seed, `cpu${cpu}/device`));
    this.workDraws = Array.from({ length: cpus }, (_, cpu) => new Stream(seed, `cpu${cpu}/device work`));
  }

  nextAt(cpu: number): number {
    return this.at[cpu] as number;
  }

  /** What the interrupt that has come takes on the reference core. */
  work(cpu: number): number {
    return EXTRAS.hostDevice.value * readQuantile(SPREAD, (this.workDraws[cpu] as Stream).next());
  }

  /** So many come a second from now on; they start or stop to come where nohz_full changed. */
  configure(nohzFull: readonly boolean[], perSecond: number, ghz: number, now: Instant): void {
    const mean = (ghz * 1e9) / perSecond;
    const changed = mean !== this.mean;
    this.mean = mean;
    for (let cpu = 0; cpu < this.at.length; cpu++) {
      if (nohzFull[cpu] === true || perSecond === 0) this.at[cpu] = NEVER;
      else if (changed || this.at[cpu] === NEVER) this.next(cpu, now);
    }
  }

  /** None comes before `until`. */
  hold(until: number): void {
    this.at.forEach((at, cpu) => (this.at[cpu] = Math.max(at, until)));
  }

  /** One has come; the next one. */
  next(cpu: number, now: Instant): void {
    this.at[cpu] = now + exponential((this.draws[cpu] as Stream).next(), this.mean);
  }

  shift(delta: number): void {
    this.at.forEach((at, cpu) => (this.at[cpu] = at + delta));
  }
}
