/**
 * The fleet: hosts by name, advanced slice by slice to the same instant. Hosts do not interact,
 * so the order among them does not matter and adding one changes no other; but for a VM that moves from
 * one to another, for which both are advanced to the instants at which something passes between them.
 */
import type { ResolvedHost } from "../kvm/resolved.ts";
import { bootWorkload, type Boot } from "../kvm/vm.ts";
import type { Action, BreakAction, HostAction, HostPlan } from "./action.ts";
import type { Floor } from "./destination.ts";
import { EmulatedHost, Resolver } from "./emulated-host.ts";
import { Migrations } from "./migrations.ts";
import { settled, withResidences, type Residence } from "./residences.ts";
import type { FleetSnapshot, HostSnapshot } from "./snapshot.ts";

export class Fleet {
  private readonly seed: number;
  private readonly programs: Boot;
  private readonly plans = new Map<string, HostPlan>();
  private readonly hosts = new Map<string, EmulatedHost>();
  private readonly resolver = new Resolver();
  private readonly floor: Floor;
  private readonly migrations: Migrations;
  private nowNs = 0;

  /**
   * @param seed seed of the configuration; each host's stream is forked from it by name.
   * @param programs what runs in its VMs, when it is not what their specification says.
   */
  constructor(seed: number, programs: Boot = bootWorkload) {
    this.seed = seed;
    this.programs = programs;
    this.floor = {
      host: (name) => this.hosts.get(name),
      own: (name) => this.own(name, this.plans),
      present: (name) => this.present(name),
      group: (name) => [...this.plans.values()].flatMap((plan) => (plan.group === name ? [plan.name] : [])).toSorted(),
      residences: [],
    };
    this.migrations = new Migrations(this.floor);
  }

  /**
   * Applies changes at the current instant: what breaks or is healed after those of hosts, migrations last.
   * Throws SpecError before anything changed; a migration that cannot be is refused in its record.
   */
  apply(actions: readonly Action[]): void {
    const changes = actions.filter((action): action is HostAction => action.kind !== "migrate" && action.kind !== "break");
    for (const action of changes) if (action.kind !== "remove") this.resolver.resolve(action.host);
    const before = this.floor.residences;
    const after = before.length === 0 ? before : settled(before, this.ownAfter(changes));
    for (const action of changes) {
      if (action.kind === "remove") this.plans.delete(action.name);
      else this.plans.set(action.host.name, action.host);
    }
    this.floor.residences = after;
    for (const action of changes) this.applyOne(action);
    this.rehost([...before, ...after], changes);
    for (const action of actions) if (action.kind === "break") this.break(action);
    for (const action of actions) if (action.kind === "migrate") this.migrations.begin(action, this.nowNs);
  }

  /** Emulates up to `nowNs` (emulated nanoseconds since start), events at that instant included. */
  advance(nowNs: number): void {
    for (let at = this.migrations.nextNs; at <= nowNs; at = this.migrations.nextNs) this.migrations.step(at);
    for (const host of this.hosts.values()) host.advance(nowNs);
    this.nowNs = nowNs;
  }

  /** The state at the current instant; typed arrays are copies. */
  publish(): FleetSnapshot {
    const hosts = new Map<string, HostSnapshot>();
    for (const [name, host] of this.hosts) hosts.set(name, host.publish());
    const { residences } = this.floor;
    return { nowNs: this.nowNs, hosts, migrations: this.migrations.records, residences };
  }

  private applyOne(action: HostAction): void {
    if (action.kind === "remove") {
      this.hosts.delete(action.name);
      return;
    }
    const resolved = this.present(action.host.name) ?? this.resolver.resolve(action.host);
    const running = this.hosts.get(action.host.name);
    if (action.kind === "add" || running === undefined) {
      this.hosts.set(action.host.name, new EmulatedHost(action.host, resolved, this.seed, this.nowNs, this.programs));
    } else if (action.kind === "change") running.change(action.host, resolved, this.nowNs);
    else running.reboot(action.host, resolved, this.nowNs);
  }

  private break({ host, breakage }: BreakAction): void {
    const present = this.present(host);
    if (present !== undefined) this.hosts.get(host)?.break(breakage, present, this.nowNs);
  }

  /** Hosts that have, or had, to do with a VM away from its home follow a change of that one. */
  private rehost(residences: readonly Residence[], changes: readonly HostAction[]): void {
    if (changes.length === 0) return;
    const done = new Set(changes.map((action) => (action.kind === "remove" ? action.name : action.host.name)));
    for (const name of new Set(residences.flatMap(({ home, host }) => (host === null ? [home] : [home, host])))) {
      const present = done.has(name) ? undefined : this.present(name);
      if (present !== undefined) this.hosts.get(name)?.rehost(present, this.nowNs);
    }
  }

  private own(name: string, plans: ReadonlyMap<string, HostPlan>): ResolvedHost | undefined {
    const plan = plans.get(name);
    return plan === undefined ? undefined : this.resolver.resolve(plan);
  }

  private ownAfter(changes: readonly HostAction[]): (name: string) => ResolvedHost | undefined {
    const plans = new Map(this.plans);
    for (const action of changes) {
      if (action.kind === "remove") plans.delete(action.name);
      else plans.set(action.host.name, action.host);
    }
    return (name) => this.own(name, plans);
  }

  /** A host with those who left it and those who came. */
  private present(name: string): ResolvedHost | undefined {
    const own = this.own(name, this.plans);
    return own === undefined ? undefined : withResidences(name, own, this.floor.residences, this.floor.own);
  }
}
