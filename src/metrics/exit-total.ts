/**
 * All exits that the daemon ever emulated. Counters of a host start at 0 when it reboots, and
 * vanish with it; this total keeps what they had.
 */
import { counterAt, type FleetSnapshot, type HostSnapshot } from "../fleet/snapshot.ts";
import { AT, REGION_SIZE } from "../kvm/counters.ts";

export class ExitTotal {
  #total = 0;
  #seen = new Map<string, { readonly bootNs: number; readonly exits: number }>();

  /** Adds what came since the last call; call it before hosts are rebooted or removed. */
  add(fleet: FleetSnapshot): number {
    const now = new Map<string, { bootNs: number; exits: number }>();
    for (const [name, host] of fleet.hosts) {
      const exits = exitsOf(host);
      const before = this.#seen.get(name);
      this.#total += before?.bootNs === host.bootNs ? exits - before.exits : exits;
      now.set(name, { bootNs: host.bootNs, exits });
    }
    this.#seen = now;
    return this.#total;
  }
}

/** Exits of a host since its boot. */
export function exitsOf(host: HostSnapshot): number {
  let sum = 0;
  for (let i = 0; i < REGION_SIZE.exits; i++) sum += counterAt(host, AT.exits + i);
  return sum;
}
