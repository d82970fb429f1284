/**
 * A change is a value: what turns the running fleet into the wanted one. Pure, and empty when
 * nothing differs, so that loading an unchanged configuration does nothing.
 */
import { isDeepStrictEqual } from "node:util";
import type { HostAction, HostPlan } from "../fleet/action.ts";
import type { HostSpec } from "../kvm/host-spec.ts";

/** Actions in a fixed order: removals as the hosts ran, then the rest as they are wanted. */
export function reconcile(running: ReadonlyMap<string, HostPlan>, wanted: readonly HostPlan[]): HostAction[] {
  const names = new Set(wanted.map(({ name }) => name));
  const sameSpec = comparer();
  const removals = [...running.keys()].filter((name) => !names.has(name)).map((name): HostAction => ({ kind: "remove", name }));
  const changes = wanted.flatMap((host): HostAction[] => {
    const before = running.get(host.name);
    if (before === undefined) return [{ kind: "add", host }];
    const specIsSame = sameSpec(before.spec, host.spec);
    if (specIsSame && samePlace(before, host)) return [];
    return [{ kind: !specIsSame && needsReboot(before.spec, host.spec) ? "reboot" : "change", host }];
  });
  return [...removals, ...changes];
}

function samePlace(a: HostPlan, b: HostPlan): boolean {
  return a.group === b.group && a.zone === b.zone && a.cohort === b.cohort && isDeepStrictEqual(a.labels, b.labels);
}

/** Only another machine, or another number of vCPUs in a guest that stays, starts a host anew. */
function needsReboot(before: HostSpec, after: HostSpec): boolean {
  if (before.cpu !== after.cpu || before.cpus !== after.cpus || before.ghz !== after.ghz) return true;
  return Object.entries(after.guests).some(([name, guest]) => {
    const was = Object.hasOwn(before.guests, name) ? before.guests[name] : undefined;
    return was !== undefined && was.vcpus !== guest.vcpus;
  });
}

/** Deep equality of specifications that compares each pair of shared objects once. */
function comparer(): (a: HostSpec, b: HostSpec) => boolean {
  const known = new Map<HostSpec, Map<HostSpec, boolean>>();
  return (a, b) => {
    if (a === b) return true;
    const row = known.get(a) ?? new Map<HostSpec, boolean>();
    known.set(a, row);
    const before = row.get(b);
    if (before !== undefined) return before;
    const equal = isDeepStrictEqual(a, b);
    row.set(b, equal);
    return equal;
  };
}
