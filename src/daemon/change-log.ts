/** Accepted changes of hosts, as the API lists them and the log words them. */
import { isDeepStrictEqual } from "node:util";
import { diffSpecs, hardestEffect, type KeyChange } from "../config/diff.ts";
import type { HostAction, HostPlan } from "../fleet/action.ts";
import type { MigrationRecord } from "../fleet/migration.ts";
import type { FleetSnapshot } from "../fleet/snapshot.ts";
import type { ChangeRecord } from "../http/backend.ts";

/** Older changes are forgotten. */
const CHANGES_MAX = 1000;

export class ChangeLog {
  #changes: readonly ChangeRecord[] = [];

  /** Accepted changes, the latest first. */
  get changes(): readonly ChangeRecord[] {
    return this.#changes;
  }

  /** Remembers what happened to hosts besides, the latest last. */
  note(records: readonly ChangeRecord[]): void {
    this.#changes = [...records.toReversed(), ...this.#changes].slice(0, CHANGES_MAX);
  }

  /** Remembers what actions changed, between the fleet before and the fleet after them. */
  add(actions: readonly HostAction[], before: FleetSnapshot, after: FleetSnapshot, time: Date): readonly ChangeRecord[] {
    const records = actions.map((action): ChangeRecord => {
      const host = action.kind === "remove" ? action.name : action.host.name;
      const was = before.hosts.get(host)?.plan;
      const keys = action.kind === "remove" || was === undefined ? [] : diffPlans(was, action.host);
      const generation = after.hosts.get(host)?.generation ?? null;
      return { time: time.toISOString(), host, kind: action.kind, generation, keys, takes: hardestEffect(keys) };
    });
    this.note(records);
    return records;
  }
}

/** Keys of the specification, and the labels by which the host is known. */
function diffPlans(before: HostPlan, after: HostPlan): KeyChange[] {
  const known = (["group", "zone", "labels", "cohort"] as const).flatMap((key): KeyChange[] =>
    isDeepStrictEqual(before[key], after[key]) ? [] : [{ key, before: before[key], after: after[key], takes: "live" }],
  );
  return [...diffSpecs(before.spec, after.spec), ...known];
}

export interface LoggedChange {
  readonly hosts: readonly string[];
  readonly sentence: string;
}

/** Hosts that changed alike share one sentence: `12 hosts: fastpath.icr "auto" → "off" (in reality: module_reload)`. */
export function wordChanges(records: readonly ChangeRecord[]): LoggedChange[] {
  const alike = new Map<string, string[]>();
  for (const record of records) {
    const what = wordChange(record);
    const hosts = alike.get(what);
    if (hosts === undefined) alike.set(what, [record.host]);
    else hosts.push(record.host);
  }
  return [...alike].map(([what, hosts]) => ({ hosts, sentence: `${hosts.length === 1 ? hosts[0] : `${hosts.length} hosts`}: ${what}` }));
}

function wordChange({ kind, keys, takes, note }: ChangeRecord): string {
  if (note !== undefined) return note;
  if (kind === "add") return "added";
  if (kind === "remove") return "removed";
  const what = keys.map(({ key, before, after }) => `${key} ${JSON.stringify(before)} → ${JSON.stringify(after)}`).join(", ");
  return kind === "reboot" ? `rebooted for ${what}` : `${what} (in reality: ${takes})`;
}

/** `web-1 of a-001: moved from a-001 to b-001 (fast_to_slow), 41 ms down` */
export function wordMigration({ vm, home, from, to, state, reason, direction, downtimeNs }: MigrationRecord): string {
  const who = `${vm} of ${home}`;
  if (state === "completed") return `${who}: moved from ${from} to ${to} (${direction}), ${Math.round((downtimeNs ?? 0) / 1e6)} ms down`;
  return `${who}: did not move from ${from} to ${to}, ${state}: ${reason ?? ""}`;
}
