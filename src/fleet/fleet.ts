/**
 * The fleet: hosts by name, advanced slice by slice to the same instant. Hosts do not interact,
 * so the order among them does not matter and adding one changes no other.
 */
import type { Action } from "./action.ts";
import { EmulatedHost, Resolver } from "./emulated-host.ts";
import type { FleetSnapshot, HostSnapshot } from "./snapshot.ts";

export class Fleet {
  private readonly seed: number;
  private readonly hosts = new Map<string, EmulatedHost>();
  private readonly resolver = new Resolver();
  private nowNs = 0;

  /** @param seed seed of the configuration; each host's stream is forked from it by name. */
  constructor(seed: number) {
    this.seed = seed;
  }

  /** Applies changes at the current instant. Throws SpecError before anything changed. */
  apply(actions: readonly Action[]): void {
    for (const action of actions) if (action.kind !== "remove") this.resolver.resolve(action.host);
    for (const action of actions) this.applyOne(action);
  }

  /** Emulates up to `nowNs` (emulated nanoseconds since start), events at that instant included. */
  advance(nowNs: number): void {
    for (const host of this.hosts.values()) host.advance(nowNs);
    this.nowNs = nowNs;
  }

  /** The state at the current instant; typed arrays are copies. */
  publish(): FleetSnapshot {
    const hosts = new Map<string, HostSnapshot>();
    for (const [name, host] of this.hosts) hosts.set(name, host.publish());
    return { nowNs: this.nowNs, hosts };
  }

  private applyOne(action: Action): void {
    if (action.kind === "remove") {
      this.hosts.delete(action.name);
      return;
    }
    const resolved = this.resolver.resolve(action.host);
    const running = this.hosts.get(action.host.name);
    if (action.kind === "add" || running === undefined) {
      this.hosts.set(action.host.name, new EmulatedHost(action.host, resolved, this.seed, this.nowNs));
    } else if (action.kind === "change") running.change(action.host, resolved, this.nowNs);
    else running.reboot(action.host, resolved, this.nowNs);
  }
}
