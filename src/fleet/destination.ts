/**
 * Where a VM that shall move can go: the host that was named, or the first one of a group, by name,
 * that can take it in; else why there is none.
 */
import type { WorkloadChoice } from "../guest/workload-choice.ts";
import { OWN_WORKLOADS_MAX, type Direction } from "../kvm/counters.ts";
import type { GuestSpec } from "../kvm/host-spec.ts";
import { directionOf, whyNotMigratable } from "../kvm/migratable.ts";
import type { PlacedGuest } from "../kvm/placement.ts";
import { type ResolvedGuest, type ResolvedHost, SpecError } from "../kvm/resolved.ts";
import { carriedSpec, isFree, placeTenant, resolveTenant, tenantName } from "../kvm/tenants.ts";
import type { MigrateAction } from "./action.ts";
import type { EmulatedHost } from "./emulated-host.ts";
import { nameThere, type OwnHosts, type Residence } from "./residences.ts";

/** What a migration sees of the fleet. */
export interface Floor {
  /** A host that is emulated. */
  readonly host: (name: string) => EmulatedHost | undefined;
  readonly own: OwnHosts;
  /** The same with the present residences. */
  readonly present: (name: string) => ResolvedHost | undefined;
  /** Hosts of a group, by name. */
  readonly group: (name: string) => readonly string[];
  residences: readonly Residence[];
}

/** A VM where it is now. */
export interface LocatedVm {
  readonly home: string;
  /** Its name at home, and on the host where it is. */
  readonly vm: string;
  readonly name: string;
  readonly guest: ResolvedGuest;
  readonly spec: GuestSpec;
  readonly place: PlacedGuest;
  /** Frequency of its TSC. */
  readonly tscHz: number;
}

export interface Destination {
  readonly host: string;
  readonly place: PlacedGuest;
  readonly direction: Direction;
}

export interface Refusal {
  readonly reason: string;
  readonly direction: Direction;
}

/** The VM that an action names, or why there is none. */
export function locate({ guest: name, from }: MigrateAction, floor: Floor): LocatedVm | Refusal {
  const refused = (reason: string): Refusal => ({ reason, direction: "same" });
  const host = floor.host(from);
  if (host === undefined) return refused(`no host is named "${from}"`);
  if (!host.isRunning) return refused(`host ${from} has stopped`);
  const guest = host.resolved.guests.find((one) => one.name === name);
  const names = (): string => host.resolved.guests.map((one) => one.name).join(", ");
  if (guest === undefined) return refused(`host ${from} has no VM "${name}"; it has ${names()}`);
  const residence = floor.residences.find((one) => one.host === from && nameThere(one) === name);
  const { home, vm } = residence ?? { home: from, vm: name };
  const owner = floor.own(home);
  if (owner === undefined) return refused(`its home ${home} is gone`);
  const { cpus, sharedCpus, kind } = guest;
  const tscHz = host.tscHzOf(name);
  const number = Number(vm.slice(kind.length + 1));
  const spec = carriedSpec(guest.spec, owner.spec);
  return { home, vm, name, guest: { ...guest, spec }, spec, place: residence?.place ?? { kind, number, cpus, sharedCpus }, tscHz };
}

/** @param reserved places that other VMs on their way have on a host. */
export function chooseDestination(
  vm: LocatedVm,
  { from, to }: MigrateAction,
  floor: Floor,
  reserved: (host: string) => readonly PlacedGuest[],
): Destination | Refusal {
  const names = floor.host(to) === undefined ? floor.group(to).filter((name) => name !== from) : [to];
  let first: Refusal | null = null;
  for (const name of names) {
    const found = tryHost(vm, from, name, floor, reserved(name));
    if ("host" in found) return found;
    first ??= names.length === 1 ? found : { ...found, reason: `no host of ${to} can take it in, ${name}: ${found.reason}` };
  }
  return first ?? { reason: `no host or group is named "${to}"`, direction: "same" };
}

function tryHost(vm: LocatedVm, from: string, name: string, floor: Floor, reserved: readonly PlacedGuest[]): Destination | Refusal {
  const [source, target, home, own] = [floor.host(from), floor.host(name), floor.own(vm.home), floor.own(name)];
  if (source === undefined || target === undefined || home === undefined || own === undefined) {
    return { reason: `no host is named "${name}"`, direction: "same" };
  }
  const directionAt = (place: PlacedGuest): Direction =>
    directionOf(source.resolved, vm.guest, own, resolveTenant(own, { name: tenantName(vm.vm, vm.home, name), spec: vm.spec, place }));
  const refused = (reason: string): Refusal => ({ reason, direction: directionAt(vm.place) });
  if (name === from) return { reason: "the VM is there already", direction: "same" };
  if (!target.isRunning) return refused(`host ${name} has stopped`);
  const why = whyNotMigratable(home, vm.guest, vm.tscHz, own);
  if (why !== null) return refused(why);
  const workloads = [...target.resolved.guests.map(({ spec }) => spec.workload), vm.spec.workload];
  if (ownWorkloads(workloads) > OWN_WORKLOADS_MAX) return refused(`${name} runs ${OWN_WORKLOADS_MAX} workloads of one's own already`);
  try {
    const place = placeAt(vm, name, own, [...target.resolved.guests, ...reserved]);
    return { host: name, place, direction: directionAt(place) };
  } catch (error) {
    if (error instanceof SpecError) return refused(`no free CPUs: ${error.message}`);
    throw error;
  }
}

const ownWorkloads = (workloads: readonly WorkloadChoice[]): number =>
  new Set(workloads.flatMap((workload) => (typeof workload === "string" ? [] : [workload.name]))).size;

/** At home its own CPUs, if nobody took them meanwhile. */
function placeAt(vm: LocatedVm, name: string, own: ResolvedHost, others: readonly Pick<PlacedGuest, "cpus" | "sharedCpus">[]): PlacedGuest {
  const { kind, number } = vm.place;
  const usual = name === vm.home ? own.guests.find((guest) => guest.name === vm.vm) : undefined;
  if (usual !== undefined && isFree(usual, others)) return { kind, number, cpus: usual.cpus, sharedCpus: usual.sharedCpus };
  return { ...placeTenant(own, kind, vm.spec, others), number };
}
