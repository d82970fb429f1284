/** A name for each counter of a host, so that a test that finds two hosts different can say where. */
import { COMPONENT_NAMES } from "../../src/cost/components.ts";
import { WORKLOAD_NAMES } from "../../src/guest/workloads.ts";
import {
  AT,
  COUNTERS_LENGTH,
  CPU_USES,
  DIRECTIONS,
  DOWNTIME_EDGES,
  EXIT_CYCLE_EDGES,
  HALT_POLL_RESULTS,
  LATENCY_EDGES,
  MIGRATION_RESULTS,
  MISSES,
  REGION_SIZE,
  TIMER_DELIVERIES,
  VCPU_STATES,
  type Region,
} from "../../src/kvm/counters.ts";
import type { Vendor } from "../../src/hw/cpu-model.ts";
import type { MsrLabel, Path } from "../../src/kvm/exit.ts";
import { CELLS } from "../../src/kvm/exits.ts";
import { FASTPATH_NAMES } from "../../src/kvm/fastpaths.ts";
import { KVM_STATS } from "../../src/kvm/kvm-stats.ts";

/** "MSR_WRITE(icr) fastpath": an exit as tests write it down. */
export const exitLabel = (exit: { reason: string; msr: MsrLabel; path: Path }): string =>
  `${exit.reason}${exit.msr === "" ? "" : `(${exit.msr})`} ${exit.path}`;

const upTo = (edges: readonly number[]): string[] => [...edges.map((edge) => `up to ${edge}`), "above"];

const namesOf = (vendor: Vendor): Readonly<Record<Region, readonly string[]>> => {
  const labels = CELLS[vendor].map(exitLabel);
  return {
    exits: labels.map((label) => `exits ${label}`),
    exitBuckets: labels.flatMap((label) => upTo(EXIT_CYCLE_EDGES).map((edge) => `exits ${label} ${edge}`)),
    exitCycles: labels.map((label) => `cycles ${label}`),
    components: COMPONENT_NAMES.map((name) => `component ${name}`),
    hits: FASTPATH_NAMES.map((name) => `hits ${name}`),
    misses: MISSES[vendor].map(({ fastpath, cause }) => `misses ${fastpath} ${cause}`),
    timerExpirations: TIMER_DELIVERIES.map((name) => `expirations ${name}`),
    timerLatencyBuckets: upTo(LATENCY_EDGES).map((edge) => `timer latency ${edge}`),
    timerLatencyCycles: ["timer latency cycles"],
    ipiLatencyBuckets: upTo(LATENCY_EDGES).map((edge) => `ipi latency ${edge}`),
    ipiLatencyCycles: ["ipi latency cycles"],
    vcpuCycles: VCPU_STATES.map((name) => `vcpu ${name}`),
    cpuCycles: CPU_USES.map((name) => `cpu ${name}`),
    haltPolls: HALT_POLL_RESULTS.map((name) => `polls ${name}`),
    haltPollCycles: HALT_POLL_RESULTS.map((name) => `poll cycles ${name}`),
    workCycles: WORKLOAD_NAMES.map((name) => `work ${name}`),
    stats: KVM_STATS.map((name) => `stat ${name}`),
    migrations: DIRECTIONS.flatMap((direction) => MIGRATION_RESULTS.map((result) => `migrations ${direction} ${result}`)),
    downtimeBuckets: upTo(DOWNTIME_EDGES).map((edge) => `downtime ${edge}`),
    downtimeCycles: ["downtime cycles"],
    smis: ["smis"],
    emulatedCycles: ["emulated cycles"],
  };
};

/** Name of each counter of a vendor's hosts, in the order of the flat array; "" where it has none. */
const counterNames = (vendor: Vendor): readonly string[] => {
  const names = Array.from({ length: COUNTERS_LENGTH }, () => "");
  const ofRegions = namesOf(vendor);
  for (const region of Object.keys(REGION_SIZE) as Region[]) ofRegions[region].forEach((name, i) => (names[AT[region] + i] = name));
  return names;
};
const COUNTER_NAMES = { intel: counterNames("intel"), amd: counterNames("amd") };

/** Counters by name, exactly. */
export function namedCounters({ low, high }: { low: Float64Array; high: Float64Array }, vendor: Vendor = "intel"): Map<string, bigint> {
  const value = (i: number): bigint => BigInt(high[i] as number) * 2n ** 48n + BigInt(low[i] as number);
  return new Map(COUNTER_NAMES[vendor].flatMap((name, i) => (name === "" ? [] : [[name, value(i)] as const])));
}
