/**
 * What `perf kvm stat record -a` and `report` would print for a host's guests, run by the fleet's
 * own engine: exits as perf's tracepoint window shows them, and beside it what perf does not know.
 */
import type { Vendor } from "../hw/cpu-model.ts";
import { nanosOf } from "../lib/units.ts";
import { cyclesAsleep } from "./cpus-asleep.ts";
import { EventPrices } from "./event-prices.ts";
import { cellOf, KIND_LIST, type ExitKind } from "./exit-kinds.ts";
import type { HostSpec } from "./host-spec.ts";
import { KvmHost } from "./host.ts";
import { PerfEvents } from "./perf-events.ts";
import { PerfWindow, UNSEEN } from "./perf-window.ts";
import { resolveHost } from "./resolve.ts";
import { type ResolvedHost, SpecError } from "./resolved.ts";
import { STATE, type Vcpu } from "./vcpu.ts";

/** Guests boot, and what adapts itself (halt polling, timer advance) settles; assumed to suffice. */
export const WARM_UP_SECONDS = 1;

/** One line of perf's table; shares are of all events. */
export interface StatExit {
  readonly reason: string;
  readonly samples: number;
  readonly share: number;
  readonly time_share: number;
  readonly min_us: number;
  readonly max_us: number;
  readonly avg_us: number;
  /** Standard error of the average, relative to it. */
  readonly avg_error: number;
}

export interface StatReport {
  readonly seconds: number;
  readonly vcpus: number;
  /** The most frequent first. */
  readonly exits: readonly StatExit[];
  readonly samples: number;
  readonly time_us: number;
  /** All exits, those that perf does not see included. */
  readonly exit_count: number;
  readonly exits_per_second_per_vcpu: number;
  /** Share of wall time in which the CPU under a vCPU was in no C-state. */
  readonly c0_share: number;
  /** Useful guest cycles a second, all guests together. */
  readonly guest_work_per_second: number;
  /** Events that are an IPI's MSR_WRITE. */
  readonly icr_samples: number;
}

/** What grows in the course of a run. */
interface Reading {
  readonly work: number;
  readonly asleep: number;
}

export class StatRun {
  private readonly host: KvmHost;
  private readonly resolved: ResolvedHost;
  private readonly window: PerfWindow;
  private readonly ghz: number;
  private readonly vendor: Vendor;
  private readonly events = new Map<ExitKind, PerfEvents>(KIND_LIST.map((kind) => [kind, new PerfEvents()]));
  private readonly warmUp: number;
  private readonly cycles: number;
  /** vCPUs that were in an exit when perf began to record. */
  private readonly underWay = new Set<Vcpu>();
  private before: Reading | null = null;
  private exitCount = 0;
  private prices: EventPrices | null = null;

  /** Throws a SpecError when there is nobody to watch. */
  constructor(spec: HostSpec, seed: number, seconds: number, warmUp = WARM_UP_SECONDS) {
    const resolved = resolveHost(spec);
    const { traits, cpu, tscHz } = resolved;
    this.resolved = resolved;
    this.host = new KvmHost(resolved, seed);
    if (this.host.vcpus.length === 0) throw new SpecError(["guests"], "expected a guest to watch, came none");
    this.window = new PerfWindow(traits, cpu.vendor, cpu.cycles.softwareScale.value);
    this.vendor = cpu.vendor;
    this.ghz = tscHz / 1e9;
    this.warmUp = Math.round(warmUp * tscHz);
    this.cycles = Math.round(seconds * tscHz);
  }

  /** From now on keeps what each event's cycles are made of. */
  itemize(): EventPrices {
    return (this.prices ??= new EventPrices(this.resolved, this.host.vms, this.window));
  }

  /** Emulates up to this part (0 to 1) of the run, the warm-up before it. */
  advance(part: number): void {
    if (this.before === null) this.begin();
    this.host.advance(this.warmUp + Math.round(this.cycles * part));
  }

  /** The report, once all of the run is emulated. */
  report(): StatReport {
    this.advance(1);
    const { work, asleep } = this.before as Reading;
    const after = read(this.host);
    const seconds = this.cycles / (this.ghz * 1e9);
    const vcpus = this.host.vcpus.length;
    const seen = [...this.byName()];
    const samples = seen.reduce((sum, [, events]) => sum + events.samples, 0);
    const totalNs = seen.reduce((sum, [, events]) => sum + events.totalNs, 0);
    return {
      seconds,
      vcpus,
      exits: seen.map(([reason, events]) => line(reason, events, samples, totalNs)).toSorted((a, b) => b.samples - a.samples),
      samples,
      time_us: totalNs / 1000,
      exit_count: this.exitCount,
      exits_per_second_per_vcpu: this.exitCount / seconds / vcpus,
      c0_share: 1 - (after.asleep - asleep) / (vcpus * this.cycles),
      guest_work_per_second: (after.work - work) / seconds,
      icr_samples: [...this.events].reduce(
        (sum, [kind, { samples: n }]) => sum + (n > 0 && cellOf(kind, this.vendor).msr === "icr" ? n : 0),
        0,
      ),
    };
  }

  /** Events by the vendor's name of their reason: SVM has one for several kinds. */
  private byName(): ReadonlyMap<string, PerfEvents> {
    const named = new Map<string, PerfEvents>();
    for (const [kind, events] of this.events) {
      if (events.samples === 0) continue;
      const { reason } = cellOf(kind, this.vendor);
      const all = named.get(reason) ?? new PerfEvents();
      all.merge(events);
      named.set(reason, all);
    }
    return named;
  }

  /** The warm-up is over: perf begins to record, and knows nothing of exits that are under way. */
  private begin(): void {
    this.host.advance(this.warmUp);
    this.before = read(this.host);
    for (const vcpu of this.host.vcpus) if (vcpu.state !== STATE.guest) this.underWay.add(vcpu);
    this.host.observe((vcpu, kind, _total, end) => this.count(vcpu, kind, end));
  }

  private count(vcpu: Vcpu, kind: ExitKind, end: number): void {
    this.exitCount++;
    if (this.underWay.delete(vcpu)) return;
    const cycles = this.window.duration(vcpu, kind, end);
    if (cycles === UNSEEN) return;
    this.events.get(kind)?.add(nanosOf(cycles, this.ghz));
    this.prices?.add(vcpu, kind, cycles);
  }
}

function line(reason: string, events: PerfEvents, samples: number, totalNs: number): StatExit {
  return {
    reason,
    samples: events.samples,
    share: events.samples / samples,
    time_share: events.totalNs / totalNs,
    min_us: events.minNs / 1000,
    max_us: events.maxNs / 1000,
    avg_us: events.meanNs / 1000,
    avg_error: events.relativeError,
  };
}

function read(host: KvmHost): Reading {
  return { work: host.vcpus.reduce((sum, { program }) => sum + program.workCycles, 0), asleep: cyclesAsleep(host) };
}
