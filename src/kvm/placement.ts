/**
 * Which physical CPUs each vCPU gets. A dedicated guest's vCPUs are pinned to one CPU each, of their
 * own. The others' float over what is left of the CPUs that they may use, more vCPUs than CPUs if
 * need be.
 *
 * The most particular dedicated guests choose first (a list of CPUs, then a class, then `any`), equal
 * ones in the order of the specification, a guest's VMs one after the other.
 *
 * `isolated` takes CPUs of nohz_full= or isolcpus=, `housekeeping` the others. `any` leaves the
 * isolated ones for those who ask: first housekeeping CPUs, then isolated ones; who shares takes no
 * isolated one as long as there is another. CPU 0 and its sibling, where the host itself lives, come
 * last of all (CPU 0 the very last).
 *
 * A stand-in for what an administrator does with `virsh vcpupin`; no kernel code is behind it.
 */
import { siblingOf } from "../hw/topology.ts";
import { parseCpuList } from "./cpu-list.ts";
import type { GuestSpec, HostSpec } from "./host-spec.ts";
import { SpecError } from "./resolved.ts";

export interface PlacedGuest {
  /** Key in the specification. */
  readonly kind: string;
  /** Number among the kind's `count`, from 1. */
  readonly number: number;
  /** Physical CPU of each vCPU: its own, or where one that shares CPUs starts. */
  readonly cpus: readonly number[];
  /** CPUs that its vCPUs share, ascending; null when each has one of its own. */
  readonly sharedCpus: readonly number[] | null;
}

const CLASSES = ["isolated", "housekeeping", "any"] as const;
type Class = (typeof CLASSES)[number];
const isClass = (placement: string): placement is Class => (CLASSES as readonly string[]).includes(placement);
/** Rank of a placement: a list is served before a class, a class before `any`. */
const rank = ({ placement }: GuestSpec): number => (placement === "any" ? 2 : isClass(placement) ? 1 : 0);

type Host = Pick<HostSpec, "cpus" | "smt" | "guests">;
type Kind = readonly [name: string, guest: GuestSpec];

/** Places all VMs of a host, in the order of the specification. Throws a SpecError when they do not fit. */
export function placeGuests(spec: Host, isolated: readonly boolean[]): readonly PlacedGuest[] {
  const kinds = Object.entries(spec.guests);
  const sharing = kinds.filter(([, guest]) => !guest.dedicated);
  const listed = sharing.filter(([, guest]) => !isClass(guest.placement));
  const wanted = new Set(listed.flatMap(([kind, guest]) => candidatesOf(kind, guest, spec, isolated)));
  const taken = new Set<number>();
  const placed = new Map<string, readonly PlacedGuest[]>();
  const pinned = kinds.filter(([, guest]) => guest.dedicated);
  for (const kind of pinned.toSorted(([, a], [, b]) => rank(a) - rank(b))) {
    placed.set(kind[0], pin(kind, spec, isolated, { taken, wanted }));
  }
  const starting = Array.from({ length: spec.cpus }, () => 0);
  for (const kind of sharing) placed.set(kind[0], share(kind, spec, isolated, taken, starting));
  return kinds.flatMap(([kind]) => placed.get(kind) ?? []);
}

/** A CPU of its own for each vCPU; those that guests who share have asked for by number only if no other is free. */
function pin(
  [kind, guest]: Kind,
  spec: Host,
  isolated: readonly boolean[],
  { taken, wanted }: { taken: Set<number>; wanted: ReadonlySet<number> },
): readonly PlacedGuest[] {
  const candidates = candidatesOf(kind, guest, spec, isolated);
  const free = candidates.filter((cpu) => !taken.has(cpu)).toSorted((a, b) => Number(wanted.has(a)) - Number(wanted.has(b)));
  const needed = guest.count * guest.vcpus;
  if (needed > free.length) throw doesNotFit(kind, guest, candidates.length, free.length);
  const cpus = free.slice(0, needed);
  for (const cpu of cpus) taken.add(cpu);
  return vmsOf(kind, guest, cpus, null);
}

/** All CPUs that no vCPU has for itself; vCPUs start where fewest others do. */
function share(
  [kind, guest]: Kind,
  spec: Host,
  isolated: readonly boolean[],
  taken: ReadonlySet<number>,
  starting: number[],
): readonly PlacedGuest[] {
  const candidates = candidatesOf(kind, guest, spec, isolated);
  const free = candidates.filter((cpu) => !taken.has(cpu));
  const unisolated = free.filter((cpu) => isolated[cpu] !== true);
  const usable = guest.placement === "any" && unisolated.length > 0 ? unisolated : free;
  if (usable.length === 0) throw nothingToShare(kind, guest, candidates.length);
  const cpus = Array.from({ length: guest.count * guest.vcpus }, () => {
    const cpu = usable.reduce((best, one) => ((starting[one] as number) < (starting[best] as number) ? one : best));
    starting[cpu] = (starting[cpu] as number) + 1;
    return cpu;
  });
  const ascending = usable.toSorted((a, b) => a - b);
  return vmsOf(kind, guest, cpus, ascending);
}

function vmsOf(
  kind: string,
  { count, vcpus }: GuestSpec,
  cpus: readonly number[],
  sharedCpus: readonly number[] | null,
): readonly PlacedGuest[] {
  return Array.from({ length: count }, (_, i) => ({ kind, number: i + 1, cpus: cpus.slice(i * vcpus, (i + 1) * vcpus), sharedCpus }));
}

/** A place for one more VM beside those that have theirs, and keep them. Throws a SpecError when it does not fit. */
export function placeOne(
  kind: string,
  guest: GuestSpec,
  spec: Host,
  isolated: readonly boolean[],
  others: readonly Pick<PlacedGuest, "cpus" | "sharedCpus">[],
): PlacedGuest {
  const one: Kind = [kind, { ...guest, count: 1 }];
  const pinned = others.flatMap(({ cpus, sharedCpus }) => (sharedCpus === null ? cpus : []));
  const floating = others.filter(({ sharedCpus }) => sharedCpus !== null);
  const shared = floating.flatMap(({ sharedCpus }) => sharedCpus ?? []);
  const starting = Array.from({ length: spec.cpus }, (_, cpu) => floating.filter(({ cpus }) => cpus.includes(cpu)).length);
  const [place] = guest.dedicated
    ? pin(one, spec, isolated, { taken: new Set([...pinned, ...shared]), wanted: new Set() })
    : share(one, spec, isolated, new Set(pinned), starting);
  return place as PlacedGuest;
}

/** CPUs that a guest may use, in the order in which it takes them. */
function candidatesOf(kind: string, guest: GuestSpec, spec: Host, isolated: readonly boolean[]): readonly number[] {
  if (!isClass(guest.placement)) return parseCpuList(guest.placement, spec.cpus, ["guests", kind, "placement"]);
  const sibling = siblingOf(0, spec.cpus, spec.smt);
  const hostsOwn = (cpu: number): number => (cpu === 0 ? 2 : cpu === sibling ? 1 : 0);
  const all = Array.from({ length: spec.cpus }, (_, cpu) => cpu);
  const byUse = (a: number, b: number): number => hostsOwn(a) - hostsOwn(b) || Number(isolated[a]) - Number(isolated[b]) || a - b;
  switch (guest.placement) {
    case "isolated":
      return all.filter((cpu) => isolated[cpu] === true).toSorted(byUse);
    case "housekeeping":
      return all.filter((cpu) => isolated[cpu] !== true).toSorted(byUse);
    case "any":
      return all.toSorted(byUse);
  }
}

const hintOf = (guest: GuestSpec, candidates: number): string =>
  guest.placement === "isolated" && candidates === 0 ? "; cmdline has neither nohz_full nor isolcpus" : "";

function doesNotFit(kind: string, guest: GuestSpec, candidates: number, free: number): SpecError {
  const key = guest.placement === "any" ? "count" : "placement";
  const needed = `${guest.count * guest.vcpus} free CPUs (${guest.count} VMs of ${guest.vcpus} vCPUs, one CPU each)`;
  return new SpecError(
    ["guests", kind, key],
    `expected ${needed} in placement "${guest.placement}", came ${free} free of ${candidates}${hintOf(guest, candidates)}`,
  );
}

function nothingToShare(kind: string, guest: GuestSpec, candidates: number): SpecError {
  return new SpecError(
    ["guests", kind, "placement"],
    `expected a CPU that no dedicated guest has in placement "${guest.placement}", came none of ${candidates}${hintOf(guest, candidates)}`,
  );
}
