/**
 * What a stretch of emulation comes to, as sums that add up over stretches, hosts and seeds: times
 * in seconds, so that hosts of different frequency add up, exits under their labels, so that both
 * vendors do, and latencies as histograms finer than the exported ones.
 */
import { COMPONENT_NAMES } from "../../cost/components.ts";
import type { Vendor } from "../../hw/cpu-model.ts";
import { LogHistogram } from "../../lib/log-histogram.ts";
import { AT, CPU_USES, MISSES, REGION_SIZE, VCPU_STATES } from "../../kvm/counters.ts";
import { CELLS, type Cell } from "../../kvm/exits.ts";
import { FASTPATH_NAMES, FASTPATHS } from "../../kvm/fastpaths.ts";

type Labels = Pick<Cell, "reason" | "msr" | "path">;

/** The exits of both vendors, each once. */
export const EXIT_LABELS: readonly Labels[] = [...CELLS.intel, ...CELLS.amd]
  .map(({ reason, msr, path }) => ({ reason, msr, path }))
  .filter((one, i, all) => all.findIndex((other) => sameExit(one, other)) === i);

function sameExit(a: Labels, b: Labels): boolean {
  return a.reason === b.reason && a.msr === b.msr && a.path === b.path;
}

const SIZES = {
  vcpuSeconds: 1,
  stateSeconds: VCPU_STATES.length,
  useSeconds: CPU_USES.length,
  exits: EXIT_LABELS.length,
  exitCycles: EXIT_LABELS.length,
  components: COMPONENT_NAMES.length,
  hits: 1,
  misses: 1,
  workCycles: 1,
  /** CPUs under vCPUs, in a C-state. */
  asleepSeconds: 1,
} as const;
type Sum = keyof typeof SIZES;

/** Where each sum starts. */
const SUM: Readonly<Record<Sum, number>> = (() => {
  let next = 0;
  const starts = {} as Record<Sum, number>;
  for (const [name, size] of Object.entries(SIZES) as [Sum, number][]) {
    starts[name] = next;
    next += size;
  }
  return starts;
})();
const LENGTH = Object.values(SIZES).reduce((total, size) => total + size, 0);

/** For each of a vendor's cells, its place among EXIT_LABELS. */
const PLACES: Readonly<Record<Vendor, readonly number[]>> = { intel: placesOf("intel"), amd: placesOf("amd") };

function placesOf(vendor: Vendor): readonly number[] {
  return CELLS[vendor].map((cell) => EXIT_LABELS.findIndex((labels) => sameExit(labels, cell)));
}

const isHeadline = (fastpath: (typeof FASTPATH_NAMES)[number]): boolean => FASTPATHS[fastpath].headline;

export class Measured {
  readonly sums = new Float64Array(LENGTH);
  /** Nanoseconds from a timer's deadline to its handler. */
  readonly timer = new LogHistogram();
  /** Nanoseconds from an IPI's send to its handler. */
  readonly ipi = new LogHistogram();

  at(sum: Sum, index = 0): number {
    return this.sums[SUM[sum] + index] as number;
  }

  /** Adds another stretch, `times` over. */
  add(other: Measured, times = 1): void {
    for (let i = 0; i < LENGTH; i++) this.sums[i] = (this.sums[i] as number) + times * (other.sums[i] as number);
    this.timer.addAll(other.timer, times);
    this.ipi.addAll(other.ipi, times);
  }

  /** Adds time in which the CPUs under a host's vCPUs were in a C-state. */
  addAsleep(seconds: number): void {
    this.sums[SUM.asleepSeconds] = this.at("asleepSeconds") + seconds;
  }

  /** Adds what a host's counters grew by; `grown` reads one of them. */
  addCounters(grown: (index: number) => number, vendor: Vendor, tscHz: number, vcpus: number): void {
    const add = (sum: Sum, index: number, amount: number): void => {
      this.sums[SUM[sum] + index] = this.at(sum, index) + amount;
    };
    add("vcpuSeconds", 0, (vcpus * grown(AT.emulatedCycles)) / tscHz);
    VCPU_STATES.forEach((_, i) => add("stateSeconds", i, grown(AT.vcpuCycles + i) / tscHz));
    CPU_USES.forEach((_, i) => add("useSeconds", i, grown(AT.cpuCycles + i) / tscHz));
    COMPONENT_NAMES.forEach((_, i) => add("components", i, grown(AT.components + i)));
    for (let i = 0; i < REGION_SIZE.workCycles; i++) add("workCycles", 0, grown(AT.workCycles + i));
    PLACES[vendor].forEach((place, cell) => {
      add("exits", place, grown(AT.exits + cell));
      add("exitCycles", place, grown(AT.exitCycles + cell));
    });
    FASTPATH_NAMES.forEach((name, i) => isHeadline(name) && add("hits", 0, grown(AT.hits + i)));
    MISSES[vendor].forEach(({ fastpath }, i) => isHeadline(fastpath) && add("misses", 0, grown(AT.misses + i)));
  }
}
