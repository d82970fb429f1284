/** A fleet of a few small hosts, to move VMs about. */
import { expect } from "vitest";
import type { Action, HostPlan } from "../../src/fleet/action.ts";
import { Fleet } from "../../src/fleet/fleet.ts";
import type { MigrationRecord } from "../../src/fleet/migration.ts";
import { counterAt, type HostSnapshot } from "../../src/fleet/snapshot.ts";
import { AT, DIRECTIONS, MIGRATION_RESULTS, type Direction, type MigrationResult } from "../../src/kvm/counters.ts";
import { hostSpec, type HostOverrides } from "./host-spec.ts";

/** Small VMs on a fast link: a migration takes some thirty milliseconds. */
export const SMALL = { count: 2, vcpus: 2, workload: "web", memory_gb: 0.1, load: 0.5 } as const;
export const plan = (name: string, change: HostOverrides = {}, group = "g"): HostPlan => ({
  name,
  group,
  zone: "z",
  labels: {},
  cohort: "none",
  spec: hostSpec({ cpus: 16, migration: { max_bandwidth: 5000, downtime_limit: 20 }, guests: { web: SMALL }, ...change }),
});
export const add = (host: HostPlan): Action => ({ kind: "add", host });
export const change = (host: HostPlan): Action => ({ kind: "change", host });
export const move = (guest: string, from: string, to: string): Action => ({ kind: "migrate", guest, from, to });
export const MS = 1e6;

export class World {
  readonly fleet = new Fleet(1);
  now = 0;

  constructor(...hosts: HostPlan[]) {
    this.fleet.apply(hosts.map(add));
  }

  run(ms: number): this {
    this.fleet.advance((this.now += ms * MS));
    return this;
  }

  do(...actions: Action[]): this {
    this.fleet.apply(actions);
    return this;
  }

  host(name: string): HostSnapshot {
    const host = this.fleet.publish().hosts.get(name)!;
    expect(host.failure).toBeNull();
    return host;
  }

  /** Names of the VMs on a host, and the CPUs of each. */
  vms(name: string): Record<string, string> {
    return Object.fromEntries(this.host(name).resolved.guests.map((guest) => [guest.name, guest.cpus.join()]));
  }

  /** The migration that was begun, or refused, last. */
  get last(): MigrationRecord {
    return this.fleet.publish().migrations.reduce((last, one) => (one.id > last.id ? one : last));
  }

  /** Runs until that one has ended. */
  ends(): this {
    while (this.last.endedNs === null) this.run(10);
    return this;
  }

  count(host: string, direction: Direction, result: MigrationResult): number {
    return counterAt(
      this.host(host),
      AT.migrations + DIRECTIONS.indexOf(direction) * MIGRATION_RESULTS.length + MIGRATION_RESULTS.indexOf(result),
    );
  }
}
