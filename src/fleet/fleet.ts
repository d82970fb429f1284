/** The fleet: hosts by name, advanced slice by slice. (Signatures first; the engine follows.) */
import type { Action } from "./action.ts";
import type { FleetSnapshot } from "./snapshot.ts";

export class Fleet {
  /** @param seed seed of the configuration; each host's stream is forked from it by name. */
  constructor(readonly seed: number) {}
  /** Applies changes at the current instant. Throws SpecError before anything changed. */
  apply(_actions: readonly Action[]): void {
    throw new Error("not yet");
  }
  /** Emulates up to `nowNs` (emulated nanoseconds since start), events at that instant included. */
  advance(_nowNs: number): void {
    throw new Error("not yet");
  }
  /** The state at the current instant; typed arrays are copies. */
  publish(): FleetSnapshot {
    throw new Error("not yet");
  }
}
