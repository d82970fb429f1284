/**
 * What the kernel of a Linux guest and the world round it measure by the clock, in cycles of the host that
 * the guest runs on: the lengths of a tick, of the watchdog's period, of a thread's sleep, and the mean gaps
 * between requests from outside and between timers of the wheel. Its code is not here: it takes as many cycles anywhere.
 *
 * The guest's clock is its TSC, whose frequency it found out when it booted. On a host of another frequency the
 * CPU scales what RDTSC returns, and KVM the deadlines: all of this then takes another number of the host's
 * cycles, and as long as before.
 */
import { cyclesOf } from "../lib/units.ts";
import type { Workload } from "./workload.ts";

/** Softlockup watchdog: set_sample_period() of kernel/watchdog.c, 2 × watchdog_thresh / 5 seconds. */
const WATCHDOG_NS = 4e9;

interface ClockSettings {
  /** Of the host where it boots: ticks of its TSC in a nanosecond. */
  readonly ghz: number;
  readonly hz: number;
  readonly load: number;
  readonly workload: Pick<Workload, "interval_ns" | "soft_timers_per_second" | "requests_per_second" | "quiet_interrupts_per_second">;
}

export class GuestClock {
  cyclesPerSecond = -0;
  tickCycles = -0;
  watchdogCycles = -0;
  intervalCycles = -0;
  wheelCycles = -0;
  arrivalCycles = -0;
  private readonly settings: ClockSettings;

  constructor(settings: ClockSettings) {
    this.settings = settings;
    this.scaleTsc(1);
  }

  /** @param cyclesPerTick cycles of the host in which the guest's TSC ticks once. */
  scaleTsc(cyclesPerTick: number): void {
    const { hz, load, workload } = this.settings;
    const ghz = this.settings.ghz * cyclesPerTick;
    const between = (perSecond: number): number => (perSecond === 0 ? Infinity : (ghz * 1e9) / perSecond);
    this.cyclesPerSecond = ghz * 1e9;
    this.tickCycles = Math.round(between(hz));
    this.watchdogCycles = cyclesOf(WATCHDOG_NS, ghz);
    this.intervalCycles = cyclesOf(workload.interval_ns, ghz);
    this.wheelCycles = between(workload.soft_timers_per_second);
    this.arrivalCycles = between((workload.requests_per_second + workload.quiet_interrupts_per_second) * load);
  }
}
