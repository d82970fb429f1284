/**
 * VMs that live on another host than the one whose specification has them: a host with tenants is
 * the host of its specification without the VMs that moved away, and with those that moved in.
 */
import { placeOne, type PlacedGuest } from "./placement.ts";
import { resolveGuest } from "./resolve-guest.ts";
import type { ResolvedGuest, ResolvedHost } from "./resolved.ts";
import type { GuestSpec, HostSpec } from "./host-spec.ts";

/** A VM that came in; a VM of the host's own that came back is one as well, under its old name. */
export interface Tenant {
  readonly name: string;
  readonly spec: GuestSpec;
  readonly place: PlacedGuest;
}

type Place = Pick<PlacedGuest, "cpus" | "sharedCpus">;

/** The VM's name on a host: its own name at home, elsewhere with its home, so that no two are alike. */
export const tenantName = (vm: string, home: string, host: string): string => (home === host ? vm : `${vm}@${home}`);

/** The keys of a guest as QEMU's command line has them: what it inherits, it inherits at home. */
export const carriedSpec = (spec: GuestSpec, home: Pick<HostSpec, "cpu_pm">): GuestSpec =>
  spec.cpu_pm === "inherit" ? { ...spec, cpu_pm: home.cpu_pm } : spec;

/**
 * The host with its tenants.
 * @param gone names of its own VMs that are elsewhere, or among the tenants.
 */
export function withTenants(host: ResolvedHost, gone: ReadonlySet<string>, tenants: readonly Tenant[]): ResolvedHost {
  const own = host.guests.filter(({ name }) => !gone.has(name));
  return { ...host, guests: [...own, ...tenants.map((tenant) => resolveTenant(host, tenant))] };
}

/** What a VM would be on a host. */
export const resolveTenant = (host: ResolvedHost, { name, spec, place }: Tenant): ResolvedGuest => ({
  ...resolveGuest(host, spec, place),
  name,
});

/** A place for a VM on CPUs that none of the others has; throws a SpecError when there is none. */
export const placeTenant = (host: ResolvedHost, kind: string, spec: GuestSpec, others: readonly Place[]): PlacedGuest =>
  placeOne(kind, spec, host.spec, host.isolated, others);

/** No vCPU has one of the CPUs of a place to itself, and if the place is dedicated, nobody shares them. */
export function isFree({ cpus, sharedCpus }: Place, others: readonly Place[]): boolean {
  const dedicated = new Set(others.flatMap((other) => (other.sharedCpus === null ? other.cpus : [])));
  if (sharedCpus !== null) return sharedCpus.every((cpu) => !dedicated.has(cpu));
  const shared = new Set(others.flatMap((other) => other.sharedCpus ?? []));
  return cpus.every((cpu) => !dedicated.has(cpu) && !shared.has(cpu));
}
