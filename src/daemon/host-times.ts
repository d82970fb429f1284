/**
 * When hosts booted and changed by the wall clock. Fleet time says when it happened for the
 * emulation; the wall time is noted the moment it happens, so that it stays put even if the
 * emulation falls behind later.
 */
import type { FleetSnapshot, HostSnapshot } from "../fleet/snapshot.ts";
import type { HostTimes } from "../metrics/metric.ts";

interface Noted {
  readonly bootNs: number;
  readonly boot: number;
  readonly lastChangeNs: number | null;
  readonly lastChange: number;
}

export class NotedTimes implements HostTimes {
  readonly #speed: number;
  #noted: ReadonlyMap<string, Noted> = new Map();

  constructor(speed: number) {
    this.#speed = speed;
  }

  /** Notes what is new in a fleet that is published now, at Unix time `wallSeconds`. */
  note(fleet: FleetSnapshot, wallSeconds: number): void {
    const wallOf = (ns: number): number => wallSeconds - (fleet.nowNs - ns) / 1e9 / this.#speed;
    const before = this.#noted;
    this.#noted = new Map(
      [...fleet.hosts].map(([name, { bootNs, lastChangeNs }]) => {
        const known = before.get(name);
        const boot = known?.bootNs === bootNs ? known.boot : wallOf(bootNs);
        const sameChange = known?.bootNs === bootNs && known.lastChangeNs === lastChangeNs;
        const lastChange = sameChange ? known.lastChange : lastChangeNs === null ? 0 : wallOf(lastChangeNs);
        return [name, { bootNs, boot, lastChangeNs, lastChange }];
      }),
    );
  }

  bootSeconds({ plan }: HostSnapshot): number {
    return this.#noted.get(plan.name)?.boot ?? 0;
  }

  lastChangeSeconds({ plan }: HostSnapshot): number {
    return this.#noted.get(plan.name)?.lastChange ?? 0;
  }
}
