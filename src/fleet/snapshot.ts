/**
 * What a slice border publishes: plain values that the edge may read at any time while the
 * emulation goes on. No object of the emulator is reachable from here.
 */
import type { CounterView } from "../kvm/host-view.ts";
import type { ResolvedHost } from "../kvm/resolved.ts";
import type { HostPlan } from "./action.ts";
import type { Breakage } from "./breakage.ts";
import type { MigrationRecord } from "./migration.ts";
import type { Residence } from "./residences.ts";

export const HOST_STATES = ["running", "down", "failed"] as const;
export type HostState = (typeof HOST_STATES)[number];

export interface HostSnapshot {
  readonly plan: HostPlan;
  readonly resolved: ResolvedHost;
  /** `failed` when an invariant broke: then `failure` says which. While it is that or `down`, the values stand still. */
  readonly state: HostState;
  readonly failure: string | null;
  /** +1 at each accepted change of the host's configuration; 1 at start. */
  readonly generation: number;
  /** Fleet time (emulated ns since the fleet's start) at the host's boot. */
  readonly bootNs: number;
  /** Fleet time of the last change, or null before the first. */
  readonly lastChangeNs: number | null;
  readonly vcpus: number;
  /** Workloads of one's own that ran since the boot, in the order of their counters. */
  readonly ownWorkloads: readonly string[];
  /**
   * Counters in the layout of `kvm/counters.ts`: value = high × 2^48 + low, both integers, so
   * they stay exact beyond 2^53.
   */
  readonly low: Float64Array;
  readonly high: Float64Array;
  readonly breakage: Breakage;
  /** The counters as an exporter that is stuck exposes them; null when none is. */
  readonly stuck: CounterView | null;
}

export interface FleetSnapshot {
  /** Emulated nanoseconds since the fleet's start. */
  readonly nowNs: number;
  readonly hosts: ReadonlyMap<string, HostSnapshot>;
  /** Migrations that run, then those that ended, the latest first. */
  readonly migrations: readonly MigrationRecord[];
  /** VMs that live, or lived last, elsewhere than the configuration has them. */
  readonly residences: readonly Residence[];
}

/** Scale of `high`. */
export const HIGH_UNIT = 2 ** 48;

/** A counter as the nearest double. */
export const counterAt = (host: HostSnapshot, index: number): number =>
  (host.high[index] as number) * HIGH_UNIT + (host.low[index] as number);
