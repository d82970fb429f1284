/** The journey that the migration table tells of: one VM along the hosts of a fleet, as `migrate` moves any VM. */
import type { HostSpecPatch } from "../../config/host-schema.ts";
import type { HostPlan } from "../../fleet/action.ts";
import { Fleet } from "../../fleet/fleet.ts";
import type { MigrationRecord } from "../../fleet/migration.ts";
import { HIGH_UNIT, type HostSnapshot } from "../../fleet/snapshot.ts";
import { Bystander } from "../../guest/unit-tests/exit-loop.ts";
import { Samples } from "../../guest/unit-tests/samples.ts";
import { DeadlineLatency } from "../../guest/unit-tests/tsc-deadline.ts";
import { AT, VCPU_STATES } from "../../kvm/counters.ts";
import { CELLS, type Cell } from "../../kvm/exits.ts";
import type { HostSpec } from "../../kvm/host-spec.ts";
import { tenantName } from "../../kvm/tenants.ts";
import { LogHistogram } from "../../lib/log-histogram.ts";
import { hostOf, NO_ADVANCE, SKYLAKE, TEST_GUEST } from "./machines.ts";

/** The VM, and where it belongs. */
const VM = "test-1";
const HOME = "c84";
export const MEMORY_GIB = 1;
export const DIRTY_MIB_PER_SECOND = 100;

const FAST: HostSpecPatch = { kernel: "c84" };
const HOSTS: Readonly<Record<string, HostSpecPatch>> = {
  [HOME]: { ...FAST, guests: { test: { memory_gb: MEMORY_GIB, dirty_rate: DIRTY_MIB_PER_SECOND } } },
  "rhel-8.2": { kernel: "rhel-8.2", guests: { test: null } },
  dpdk: { ...FAST, cmdline: { nohz_full: "63" }, guests: { test: null } },
};
export const STAYS: readonly { readonly stay: string; readonly host: string }[] = [
  { stay: "1. fastpaths (c84)", host: HOME },
  { stay: "2. none (rhel-8.2)", host: "rhel-8.2" },
  { stay: "3. fastpaths again (c84)", host: HOME },
  { stay: "4. DPDK host, unfixed (c84, nohz_full)", host: "dpdk" },
  { stay: "5. fastpaths again (c84)", host: HOME },
];

const specOf = (change: HostSpecPatch): HostSpec => hostOf(SKYLAKE, TEST_GUEST, NO_ADVANCE, change);
export const LINK_MIB_PER_SECOND = specOf(FAST).migration.max_bandwidth;

/** Emulated nanoseconds of a stay before the way on begins, and between two looks at how far that is. */
const STAY_NS = 250e6;
const STEP_NS = 1e6;

/** What one stay showed; its end is when the VM runs there no more. */
export interface Stayed {
  readonly timer: string;
  /** Before the way on began. */
  readonly deadline: { readonly path: string; readonly cycles: number };
  readonly expiry: string;
  readonly latencyNs: number;
  readonly armed: number;
  readonly handled: number;
  /** How it went on; null at the journey's end. `lost`: share of the guest's time that the dirty log took. */
  readonly way: { readonly rounds: number; readonly lost: number; readonly downtimeMs: number } | null;
}

/** The whole journey at one seed. */
export function travel(seed: number): readonly Stayed[] {
  const samples = new Samples(Infinity, 0);
  const fleet = new Fleet(seed, () => [new DeadlineLatency(samples, false), new Bystander()]);
  fleet.apply(Object.entries(HOSTS).map(([name, change]) => ({ kind: "add", host: planOf(name, change) })));
  let nowNs = 0;
  const run = (ns: number): void => fleet.advance((nowNs += ns));
  const seen = (host: string): Seen => ({ host: fleet.publish().hosts.get(host) as HostSnapshot, handled: samples.values.length });
  const last = (): MigrationRecord => fleet.publish().migrations[0] as MigrationRecord;
  return STAYS.map(({ host }, i) => {
    const begin = seen(host);
    run(STAY_NS);
    const before = seen(host);
    const stayed = look(begin, before, samples);
    const to = STAYS[i + 1]?.host;
    if (to === undefined) return { ...stayed, way: null };
    fleet.apply([{ kind: "migrate", guest: tenantName(VM, HOME, host), from: host, to }]);
    // On its way it runs nowhere: all that it has done is still the source's.
    while (last().state !== "moving") run(STEP_NS);
    const end = seen(host);
    while (last().endedNs === null) run(STEP_NS);
    const { rounds, downtimeNs } = last();
    const lost = guestShare(begin, before) - guestShare(before, end);
    const way = { rounds, lost, downtimeMs: (downtimeNs ?? NaN) / 1e6 };
    return { ...stayed, armed: armed(begin, end), handled: end.handled - begin.handled, way };
  });
}

const planOf = (name: string, change: HostSpecPatch): HostPlan => ({
  name,
  group: name,
  zone: "",
  labels: {},
  cohort: "none",
  spec: specOf(change),
});

/** A host at one moment, and how many interrupts the guest has handled by then. */
interface Seen {
  readonly host: HostSnapshot;
  readonly handled: number;
}

/** By how much a counter grew. */
const grown = ({ host: from }: Seen, { host: to }: Seen, at: number): number =>
  ((to.high[at] as number) - (from.high[at] as number)) * HIGH_UNIT + (to.low[at] as number) - (from.low[at] as number);

const exits = (from: Seen, to: Seen, { index }: Cell): number => grown(from, to, AT.exits + index);
const WRITES = CELLS.intel.filter(({ msr }) => msr === "tsc_deadline");
const OTHERS = CELLS.intel.filter(({ msr }) => msr !== "tsc_deadline");

const armed = (from: Seen, to: Seen): number => WRITES.reduce((sum, cell) => sum + exits(from, to, cell), 0);

/** Share of its vCPUs' time that the guest had. */
function guestShare(from: Seen, to: Seen): number {
  const states = VCPU_STATES.map((_, i) => grown(from, to, AT.vcpuCycles + i));
  return (states[VCPU_STATES.indexOf("guest")] as number) / states.reduce((sum, cycles) => sum + cycles, 0);
}

function look(from: Seen, to: Seen, { values }: Samples): Omit<Stayed, "way"> {
  const most = (cells: readonly Cell[]): Cell =>
    cells.reduce((best, cell) => (exits(from, to, cell) > exits(from, to, best) ? cell : best));
  const [write, expiry] = [most(WRITES), most(OTHERS)];
  const written = armed(from, to);
  const latency = new LogHistogram();
  const { resolved } = to.host;
  for (const cycles of values.slice(from.handled, to.handled)) latency.add((cycles * 1e9) / resolved.tscHz);
  return {
    timer: resolved.guests[0]?.timerMode.value ?? "",
    deadline: { path: write.path, cycles: grown(from, to, AT.exitCycles + write.index) / exits(from, to, write) },
    // What happens less often than half of the expiries is not how they come.
    expiry: exits(from, to, expiry) > written / 2 ? `${expiry.reason} ${expiry.path}` : "no exit",
    latencyNs: latency.quantile(0.5) ?? 0,
    armed: written,
    handled: to.handled - from.handled,
  };
}
