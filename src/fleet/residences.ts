/**
 * Which VM lives where. The configuration says to which host a VM belongs, its home; a VM that was
 * migrated lives where it was sent, and that is a residence. They lie over the configuration as data: a
 * change of it neither brings a VM home nor starts it a second time. When its home or its guest
 * leaves the configuration the VM ends; when the host where it lives does, it boots at home again.
 *
 * Pure: residences are values, and so is what a change of the configuration makes of them.
 */
import type { PlacedGuest } from "../kvm/placement.ts";
import { SpecError, type ResolvedHost } from "../kvm/resolved.ts";
import { carriedSpec, isFree, placeTenant, tenantName, withTenants, type Tenant } from "../kvm/tenants.ts";

export interface Residence {
  /** The host that it belongs to, and its name there. */
  readonly home: string;
  readonly vm: string;
  /** Where it lives, which is its home once it has come back; null while it is on its way. */
  readonly host: string | null;
  /** Its kind and number in the specification of its home, and its CPUs here. */
  readonly place: PlacedGuest;
}

/** A host of the configuration as its own specification resolves, without a thought of tenants; undefined when there is none. */
export type OwnHosts = (name: string) => ResolvedHost | undefined;

/** The name under which a VM runs on the host where it lives. */
export const nameThere = ({ vm, home, host }: Residence): string => tenantName(vm, home, host ?? home);

/** The host as it is with those who left and those who came. */
export function withResidences(name: string, own: ResolvedHost, residences: readonly Residence[], hosts: OwnHosts): ResolvedHost {
  const gone = residences.filter(({ home }) => home === name).map(({ vm }) => vm);
  const tenants = residences.filter(({ host }) => host === name).flatMap((one) => tenantOf(one, hosts) ?? []);
  return gone.length === 0 && tenants.length === 0 ? own : withTenants(own, new Set(gone), tenants);
}

/** A resident as a VM; null when its guest is in the configuration no more. */
function tenantOf(residence: Residence, hosts: OwnHosts): Tenant | null {
  const { home, place } = residence;
  const spec = hosts(home)?.spec;
  const guest = spec?.guests[place.kind];
  if (spec === undefined || guest === undefined || place.number > guest.count) return null;
  return { name: nameThere(residence), spec: carriedSpec(guest, spec), place };
}

/**
 * Residences under a changed configuration: those that are over are left out, and who was in the
 * way of a host's own VMs gets other CPUs. Throws a SpecError when there are none.
 */
export function settled(residences: readonly Residence[], hosts: OwnHosts): Residence[] {
  const stays: Residence[] = [];
  for (const residence of residences) {
    const tenant = tenantOf(residence, hosts);
    if (tenant === null) continue;
    const { host } = residence;
    if (host === null) {
      stays.push(residence);
      continue;
    }
    const own = hosts(host);
    if (own === undefined) continue;
    const others = withResidences(
      host,
      own,
      [...stays, ...residences.filter(({ home }) => home === host)].filter(isOther(residence)),
      hosts,
    );
    stays.push({ ...residence, place: keptPlace(own, tenant, others.guests, host) });
  }
  return stays;
}

const isOther =
  (residence: Residence) =>
  ({ home, vm }: Residence): boolean =>
    home !== residence.home || vm !== residence.vm;

/** Its own CPUs if they are still free, else others. */
function keptPlace(own: ResolvedHost, { spec, place }: Tenant, others: ResolvedHost["guests"], host: string): PlacedGuest {
  const all = [...place.cpus, ...(place.sharedCpus ?? [])];
  const fits = place.cpus.length === spec.vcpus && all.every((cpu) => cpu < own.spec.cpus) && isFree(place, others);
  if (fits) return place;
  try {
    return { ...placeTenant(own, place.kind, spec, others), number: place.number };
  } catch (error) {
    if (!(error instanceof SpecError)) throw error;
    throw new SpecError(error.path, `host ${host}: a VM that was migrated here needs a place: ${error.message}`);
  }
}
