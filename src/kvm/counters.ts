/**
 * What a host counts, as one flat array of integers with named regions. The engine adds to it,
 * a slice border publishes a copy, the edge turns regions into metrics. Durations are host TSC
 * cycles, so conservation is exact; seconds are made at the edge.
 */
import { COMPONENT_NAMES } from "../cost/components.ts";
import { WORKLOAD_NAMES } from "../guest/workloads.ts";
import type { Vendor } from "../hw/cpu-model.ts";
import { FASTPATH_NAMES, type FastpathName } from "./fastpaths.ts";
import { CELLS } from "./exits.ts";
import { KVM_STATS } from "./kvm-stats.ts";

/** Upper bounds of `kvm_exit_cycles`, in host TSC cycles. */
export const EXIT_CYCLE_EDGES = [256, 512, 768, 1024, 1280, 1536, 2048, 2560, 3072, 4096, 6144, 8192, 16384, 65536, 1048576] as const;
/** Upper bounds of the timer and IPI latency histograms: powers of two, 512 to 8388608. */
export const LATENCY_EDGES: readonly number[] = Array.from({ length: 15 }, (_, i) => 2 ** (9 + i));

/** Why a capable exit took the normal path. On AMD no fastpath asks for the preemption timer, and no exit comes from it. */
const MISS_CAUSES = {
  intel: {
    preemption_timer: ["kernel_lacks_it", "turned_off"],
    tsc_deadline: ["kernel_lacks_it", "turned_off", "no_hv_timer"],
    icr: ["kernel_lacks_it", "turned_off", "not_x2apic", "logical_destination", "shorthand", "broadcast"],
    hlt: ["turned_off", "must_block"],
    invd: ["turned_off"],
  },
  amd: {
    preemption_timer: [],
    tsc_deadline: ["turned_off"],
    icr: ["kernel_lacks_it", "turned_off", "not_x2apic", "logical_destination", "shorthand", "broadcast"],
    hlt: ["turned_off", "must_block"],
    invd: ["turned_off"],
  },
} as const satisfies Record<Vendor, Record<FastpathName, readonly string[]>>;
export type MissCause = (typeof MISS_CAUSES)[Vendor][FastpathName][number];
export interface Miss {
  readonly fastpath: FastpathName;
  readonly cause: MissCause;
}

const missesOf = (vendor: Vendor): readonly Miss[] =>
  FASTPATH_NAMES.flatMap((fastpath) => MISS_CAUSES[vendor][fastpath].map((cause) => ({ fastpath, cause })));

/** Every (fastpath, cause) of a vendor's hosts, in order. */
export const MISSES: Readonly<Record<Vendor, readonly Miss[]>> = { intel: missesOf("intel"), amd: missesOf("amd") };

export const TIMER_DELIVERIES = ["preemption_timer", "posted", "hrtimer", "wakeup", "virtual"] as const;
export const VCPU_STATES = ["guest", "exit", "halt_poll", "halted", "steal"] as const;
export const CPU_USES = ["guest", "exit_work", "exit_mitigation", "housekeeping", "halt_poll", "idle"] as const;
/** How a poll ended: with an event, with nothing, or because another thread became runnable (a failure to KVM, whose own `invalid` x86 never has). */
export const HALT_POLL_RESULTS = ["success", "fail", "invalid"] as const;
export const TIMER_MODES = ["hv_timer", "posted", "hrtimer", "virtual"] as const;
export type TimerMode = (typeof TIMER_MODES)[number];
/** How a move to another host changes the fastpaths that a guest's exits take, and what became of the move. */
export const DIRECTIONS = ["fast_to_slow", "slow_to_fast", "same"] as const;
export type Direction = (typeof DIRECTIONS)[number];
export const MIGRATION_RESULTS = ["completed", "failed", "refused"] as const;
export type MigrationResult = (typeof MIGRATION_RESULTS)[number];
/** Upper bounds of a migration's downtime, in seconds. */
export const DOWNTIME_EDGES = [0.03, 0.1, 0.3, 1, 3] as const;

/** Workloads of one's own that a host runs at most; their counters come after the catalogue's. */
export const OWN_WORKLOADS_MAX = 16;

/** One layout for all hosts: what lists one vendor's names has room for the longer list. */
const CELL_COUNT = Math.max(CELLS.intel.length, CELLS.amd.length);

/** Sizes of the regions, in the order in which they lie in the array. */
const REGIONS = {
  exits: CELL_COUNT,
  /** Per cell: one count per edge and one above the last. */
  exitBuckets: CELL_COUNT * (EXIT_CYCLE_EDGES.length + 1),
  exitCycles: CELL_COUNT,
  components: COMPONENT_NAMES.length,
  hits: FASTPATH_NAMES.length,
  misses: Math.max(MISSES.intel.length, MISSES.amd.length),
  timerExpirations: TIMER_DELIVERIES.length,
  timerLatencyBuckets: LATENCY_EDGES.length + 1,
  timerLatencyCycles: 1,
  ipiLatencyBuckets: LATENCY_EDGES.length + 1,
  ipiLatencyCycles: 1,
  vcpuCycles: VCPU_STATES.length,
  cpuCycles: CPU_USES.length,
  haltPolls: HALT_POLL_RESULTS.length,
  haltPollCycles: HALT_POLL_RESULTS.length,
  workCycles: WORKLOAD_NAMES.length + OWN_WORKLOADS_MAX,
  stats: KVM_STATS.length,
  /** Of VMs that left this host, or should have: for each direction one count per result. */
  migrations: DIRECTIONS.length * MIGRATION_RESULTS.length,
  downtimeBuckets: DOWNTIME_EDGES.length + 1,
  downtimeCycles: 1,
  /** MSR_SMI_COUNT of each CPU. */
  smis: 1,
  /** Emulated time of the host since its boot. */
  emulatedCycles: 1,
} as const;
export type Region = keyof typeof REGIONS;

/** Where a region starts. */
export const AT: Readonly<Record<Region, number>> = (() => {
  let next = 0;
  const starts = {} as Record<Region, number>;
  for (const [region, size] of Object.entries(REGIONS) as [Region, number][]) {
    starts[region] = next;
    next += size;
  }
  return starts;
})();
export const REGION_SIZE: Readonly<Record<Region, number>> = REGIONS;
export const COUNTERS_LENGTH = Object.values(REGIONS).reduce((sum, size) => sum + size, 0);
