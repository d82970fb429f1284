/**
 * Which physical CPU each vCPU is pinned to: one CPU, of its own. The most particular guests
 * choose first (a list of CPUs, then a class, then `any`), equal ones in the order of the
 * specification, a guest's VMs one after the other.
 *
 * `isolated` takes CPUs of nohz_full= or isolcpus=, `housekeeping` the others. `any` leaves the
 * isolated ones for those who ask: first housekeeping CPUs, then isolated ones. CPU 0 and its
 * sibling, where the host itself lives, come last of all (CPU 0 the very last).
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
  /** Physical CPU of each vCPU. */
  readonly cpus: readonly number[];
}

const CLASSES = ["isolated", "housekeeping", "any"] as const;
type Class = (typeof CLASSES)[number];
const isClass = (placement: string): placement is Class => (CLASSES as readonly string[]).includes(placement);
/** Rank of a placement: a list is served before a class, a class before `any`. */
const rank = ({ placement }: GuestSpec): number => (placement === "any" ? 2 : isClass(placement) ? 1 : 0);

/** Pins all VMs of a host, in the order of the specification. Throws a SpecError when they do not fit. */
export function placeGuests(spec: Pick<HostSpec, "cpus" | "smt" | "guests">, isolated: readonly boolean[]): readonly PlacedGuest[] {
  const taken = new Set<number>();
  const placed = new Map<string, PlacedGuest[]>();
  const kinds = Object.entries(spec.guests);
  for (const [kind, guest] of kinds.toSorted(([, a], [, b]) => rank(a) - rank(b))) {
    const candidates = candidatesOf(kind, guest, spec, isolated);
    const free = candidates.filter((cpu) => !taken.has(cpu));
    const needed = guest.count * guest.vcpus;
    if (needed > free.length) throw doesNotFit(kind, guest, candidates.length, free.length);
    const cpus = free.slice(0, needed);
    for (const cpu of cpus) taken.add(cpu);
    const vms = Array.from({ length: guest.count }, (_, i) => cpus.slice(i * guest.vcpus, (i + 1) * guest.vcpus));
    placed.set(
      kind,
      vms.map((vcpus, i) => ({ kind, number: i + 1, cpus: vcpus })),
    );
  }
  return kinds.flatMap(([kind]) => placed.get(kind) ?? []);
}

/** A place for one more VM beside those that have theirs. Throws a SpecError when it does not fit. */
export function placeOne(
  kind: string,
  guest: GuestSpec,
  spec: Pick<HostSpec, "cpus" | "smt">,
  isolated: readonly boolean[],
  others: readonly Pick<PlacedGuest, "cpus">[],
): PlacedGuest {
  const taken = new Set(others.flatMap(({ cpus }) => cpus));
  const candidates = candidatesOf(kind, guest, spec, isolated);
  const free = candidates.filter((cpu) => !taken.has(cpu));
  if (guest.vcpus > free.length) throw doesNotFit(kind, { ...guest, count: 1 }, candidates.length, free.length);
  return { kind, number: 1, cpus: free.slice(0, guest.vcpus) };
}

/** CPUs that a guest may use, in the order in which it takes them. */
function candidatesOf(
  kind: string,
  guest: GuestSpec,
  spec: Pick<HostSpec, "cpus" | "smt">,
  isolated: readonly boolean[],
): readonly number[] {
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

function doesNotFit(kind: string, guest: GuestSpec, candidates: number, free: number): SpecError {
  const key = guest.placement === "any" ? "count" : "placement";
  const hint = guest.placement === "isolated" && candidates === 0 ? "; cmdline has neither nohz_full nor isolcpus" : "";
  const needed = `${guest.count * guest.vcpus} free CPUs (${guest.count} VMs of ${guest.vcpus} vCPUs, one CPU each)`;
  return new SpecError(
    ["guests", kind, key],
    `expected ${needed} in placement "${guest.placement}", came ${free} free of ${candidates}${hint}`,
  );
}
