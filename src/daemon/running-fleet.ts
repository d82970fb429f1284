/**
 * The fleet as the edge sees it: changes go in at slice borders, snapshots come out. All of it
 * runs on one thread, so whenever other code runs the emulation stands at a slice border.
 */
import type { Action } from "../fleet/action.ts";
import { Fleet } from "../fleet/fleet.ts";
import type { FleetSnapshot } from "../fleet/snapshot.ts";
import { ExitTotal } from "../metrics/exit-total.ts";
import type { Emulation } from "./slices.ts";

export class RunningFleet implements Emulation {
  readonly #fleet: Fleet;
  readonly #exits = new ExitTotal();
  #published: FleetSnapshot | null = null;

  /** @param seed of the configuration; it stays for the life of the process. */
  constructor(seed: number) {
    this.#fleet = new Fleet(seed);
  }

  advance(nowNs: number): void {
    this.#published = null;
    this.#fleet.advance(nowNs);
  }

  /** Applies changes. Throws SpecError before anything changed. */
  apply(actions: readonly Action[]): void {
    this.emulatedExits();
    this.#published = null;
    this.#fleet.apply(actions);
  }

  /** The current slice border; published when it is first asked for. */
  snapshot(): FleetSnapshot {
    this.#published ??= this.#fleet.publish();
    return this.#published;
  }

  /** Exits of all hosts since start, those of removed and rebooted hosts included. */
  emulatedExits(): number {
    return this.#exits.add(this.snapshot());
  }
}
