/**
 * What the server needs of the daemon: published values to read, and few things to ask for.
 * The server never holds an emulator object.
 */
import type { KeyChange } from "../config/diff.ts";
import type { Effect } from "../config/effects.ts";
import type { ConfigError } from "../config/error.ts";
import type { Action } from "../fleet/action.ts";
import type { Fault } from "../fleet/fault.ts";
import type { FleetSnapshot } from "../fleet/snapshot.ts";
import type { DaemonStats } from "../metrics/daemon-stats.ts";
import type { Family, HostTimes } from "../metrics/metric.ts";
import type { Problem } from "./problem.ts";

/** An accepted change of one host. */
export interface ChangeRecord {
  /** ISO 8601, wall clock. */
  readonly time: string;
  readonly host: string;
  readonly kind: Action["kind"] | "heal";
  /** Of the host after the change; null when it was removed. */
  readonly generation: number | null;
  /** Keys of the specification that differ, and the labels by which the host is known. */
  readonly keys: readonly KeyChange[];
  /** The hardest that any of the keys would take in reality. */
  readonly takes: Effect;
  /** What happened besides, in a sentence: to a VM that moved, or which fault broke the host. */
  readonly note?: string;
}

export type ReloadOutcome =
  | { readonly ok: true; readonly changed: readonly ChangeRecord[] }
  | { readonly ok: false; readonly errors: readonly ConfigError[] };

/** The fault that was made, or why there is none. */
export type FaultOutcome = { readonly fault: Fault } | { readonly problem: Problem };

/** What came of a comparison, or why there is none. */
export type CompareOutcome = { readonly body: unknown } | { readonly problem: Problem };

export interface Backend {
  readonly version: string;
  /** Emulated seconds in one second. */
  readonly speed: number;
  readonly stats: DaemonStats;
  readonly times: HostTimes;
  /** The latest published slice border. */
  snapshot(): FleetSnapshot;
  /** The daemon's own metrics and those of its process. */
  families(): Promise<readonly Family[]>;
  /** Accepted changes, the latest first. */
  changes(): readonly ChangeRecord[];
  /** Why the last load failed; empty when it succeeded. */
  configErrors(): readonly ConfigError[];
  /** Loads the configuration again. */
  reload(): Promise<ReloadOutcome>;
  /** Compares a change on a selection of hosts with what they are; given up when the signal says so. */
  compare(body: unknown, signal: AbortSignal): Promise<CompareOutcome>;
  /** Active faults, the oldest first. */
  faults(): readonly Fault[];
  /** Breaks hosts, as a body asks. */
  break(body: unknown): Promise<FaultOutcome>;
  /** Ends a fault; null when none has this id. */
  heal(id: string): Promise<Fault | null>;
}
