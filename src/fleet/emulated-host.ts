/**
 * A host of the fleet: its plan, its emulation, and what becomes of it when it breaks. When an invariant
 * does, it stops alone, visibly, and its figures stand still. When a fault takes its power, it stands
 * until that is healed, and boots.
 */
import { InvariantBroken } from "../lib/assert.ts";
import { hashText } from "../sim/random.ts";
import { AT, DIRECTIONS, DOWNTIME_EDGES, MIGRATION_RESULTS, type Direction, type MigrationResult } from "../kvm/counters.ts";
import { KvmHost } from "../kvm/host.ts";
import { type CounterView, viewCounters } from "../kvm/host-view.ts";
import { resolveHost } from "../kvm/resolve.ts";
import type { ResolvedHost } from "../kvm/resolved.ts";
import type { Arrival } from "../kvm/saved-vm.ts";
import type { Boot } from "../kvm/vm.ts";
import type { HostPlan } from "./action.ts";
import { type Breakage, SOUND } from "./breakage.ts";
import type { HostSnapshot } from "./snapshot.ts";

/** The host's own random stream: forked by name, so no host depends on another. */
const hostSeed = (seed: number, name: string): number => hashText(name, seed);

export class EmulatedHost {
  plan: HostPlan;
  private kvm: KvmHost;
  private failure: string | null = null;
  private breakage: Breakage = SOUND;
  /** What an exporter that is stuck goes on to expose. */
  private stuck: CounterView | null = null;
  private generation = 1;
  private bootNs: number;
  private lastChangeNs: number | null = null;
  private readonly seed: number;
  private readonly fleetSeed: number;
  private readonly programs: Boot;

  constructor(plan: HostPlan, resolved: ResolvedHost, seed: number, nowNs: number, programs: Boot) {
    this.plan = plan;
    this.programs = programs;
    this.fleetSeed = seed;
    this.seed = hostSeed(seed, plan.name);
    this.bootNs = nowNs;
    this.kvm = new KvmHost(resolved, this.seed, programs);
  }

  /** Takes a changed plan live. */
  change(plan: HostPlan, resolved: ResolvedHost, nowNs: number): void {
    this.plan = plan;
    this.changed(nowNs);
    if (this.breakage.down) this.boot(resolved, nowNs);
    else this.guarded(nowNs, () => this.kvm.configure(resolved));
  }

  /** Takes a VM away or in; its own configuration stays as it is. */
  rehost(resolved: ResolvedHost, nowNs: number, arrival?: Omit<Arrival, "elapsed"> & { readonly elapsedNs: number }): void {
    this.advance(nowNs);
    const at = arrival === undefined ? undefined : { ...arrival, elapsed: Math.round((arrival.elapsedNs / 1e9) * resolved.tscHz) };
    this.guarded(nowNs, () => this.kvm.configure(resolved, at));
  }

  /** What QEMU does with a VM of this host at `nowNs`; null when the host has stopped. */
  manage<T>(nowNs: number, work: (kvm: KvmHost) => T): T | null {
    this.advance(nowNs);
    let result: T | null = null;
    this.guarded(nowNs, () => (result = work(this.kvm)));
    return result;
  }

  /** What KVM makes of it, tenants included. */
  get resolved(): ResolvedHost {
    return this.kvm.resolved;
  }

  /** Frequency of the TSC of one of its guests, which is its own unless it came from elsewhere. */
  tscHzOf(guest: string): number {
    return this.kvm.vms.find(({ name }) => name === guest)?.tscHz ?? this.kvm.resolved.tscHz;
  }

  get isRunning(): boolean {
    return this.failure === null && !this.breakage.down;
  }

  /** Counts a VM that left, or should have left. */
  countMigration(direction: Direction, result: MigrationResult, downtimeNs: number | null): void {
    const { tally, resolved } = this.kvm;
    tally.add(AT.migrations + DIRECTIONS.indexOf(direction) * MIGRATION_RESULTS.length + MIGRATION_RESULTS.indexOf(result), 1);
    if (downtimeNs === null) return;
    const found = DOWNTIME_EDGES.findIndex((edge) => downtimeNs <= edge * 1e9);
    tally.add(AT.downtimeBuckets + (found < 0 ? DOWNTIME_EDGES.length : found), 1);
    tally.add(AT.downtimeCycles, Math.round((downtimeNs / 1e9) * resolved.tscHz));
  }

  /** Starts anew with a changed plan; the generation goes on. */
  reboot(plan: HostPlan, resolved: ResolvedHost, nowNs: number): void {
    this.plan = plan;
    this.changed(nowNs);
    this.boot(resolved, nowNs);
  }

  /** Breaks, or is healed: without power it stands where it was, and when power is back it boots. */
  break(breakage: Breakage, resolved: ResolvedHost, nowNs: number): void {
    const wasDown = this.breakage.down;
    this.breakage = breakage;
    if (wasDown && !breakage.down) this.boot(resolved, nowNs);
    if (!breakage.stuckCounters) this.stuck = null;
    else this.stuck ??= viewCounters(this.kvm);
  }

  /** Emulates up to fleet time `nowNs`. */
  advance(nowNs: number): void {
    if (!this.isRunning) return;
    const cycles = Math.floor(((nowNs - this.bootNs) / 1e9) * this.kvm.resolved.tscHz);
    this.guarded(nowNs, () => this.kvm.advance(cycles));
  }

  publish(): HostSnapshot {
    const { low, high } = viewCounters(this.kvm);
    return {
      plan: this.plan,
      resolved: this.kvm.resolved,
      state: this.breakage.down ? "down" : this.failure === null ? "running" : "failed",
      failure: this.failure,
      generation: this.generation,
      bootNs: this.bootNs,
      lastChangeNs: this.lastChangeNs,
      vcpus: this.kvm.vcpus.length,
      ownWorkloads: [...this.kvm.work.own],
      low,
      high,
      breakage: this.breakage,
      stuck: this.stuck,
    };
  }

  /** Without power it waits in this state until that is back. An exporter that is stuck sticks to what it reads first. */
  private boot(resolved: ResolvedHost, nowNs: number): void {
    this.bootNs = nowNs;
    this.failure = null;
    this.kvm = new KvmHost(resolved, this.seed, this.programs);
    if (this.stuck !== null) this.stuck = viewCounters(this.kvm);
  }

  private changed(nowNs: number): void {
    this.generation++;
    this.lastChangeNs = nowNs;
  }

  private guarded(nowNs: number, work: () => void): void {
    if (!this.isRunning) return;
    try {
      work();
    } catch (error) {
      if (!(error instanceof InvariantBroken || error instanceof RangeError || error instanceof TypeError)) throw error;
      this.failure = `${error.name}: ${error.message}; the same configuration with seed ${this.fleetSeed} fails at ${nowNs} ns of fleet time again`;
    }
  }
}

/** Resolves a plan's specification; plans with the same specification share the result. */
export class Resolver {
  private readonly bySpec = new WeakMap<object, ResolvedHost>();

  resolve(plan: HostPlan): ResolvedHost {
    let resolved = this.bySpec.get(plan.spec);
    if (resolved === undefined) {
      resolved = resolveHost(plan.spec);
      this.bySpec.set(plan.spec, resolved);
    }
    return resolved;
  }
}
