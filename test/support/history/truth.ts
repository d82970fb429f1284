/**
 * What the emulator itself counted between two scrapes, straight from the published counters: what a panel
 * must show if its query is right.
 */
import { COMPONENT_NAMES, type Component } from "../../../src/cost/components.ts";
import { counterAt, type FleetSnapshot, type HostSnapshot } from "../../../src/fleet/snapshot.ts";
import { AT, EXIT_CYCLE_EDGES, MISSES, REGION_SIZE, type Region } from "../../../src/kvm/counters.ts";
import { SHOWN_CELLS, type Cell } from "../../../src/kvm/exits.ts";
import { FASTPATH_NAMES } from "../../../src/kvm/fastpaths.ts";

type Pick = (cell: Cell) => boolean;
const ALL: Pick = () => true;
const HEADLINE = ["preemption_timer", "tsc_deadline", "icr"];

/** One host between two snapshots. */
export class HostWindow {
  readonly host: HostSnapshot;
  readonly #before: HostSnapshot;

  constructor(before: HostSnapshot, after: HostSnapshot) {
    this.#before = before;
    this.host = after;
  }

  get labels(): Readonly<Record<string, string>> {
    const { plan, resolved } = this.host;
    return { host: plan.name, group: plan.group, cohort: plan.cohort, kernel: resolved.kernel.name, cpu_model: resolved.cpu.name };
  }

  /** Growth of the i-th counter of a region. */
  grew(region: Region, i = 0): number {
    return counterAt(this.host, AT[region] + i) - counterAt(this.#before, AT[region] + i);
  }

  grewAll(region: Region): number {
    return Array.from({ length: REGION_SIZE[region] }, (_, i) => this.grew(region, i)).reduce((sum, one) => sum + one, 0);
  }

  /** Growth of the counters of a region whose names are wanted. */
  grewOf(region: Region, names: readonly string[], wanted: readonly string[]): number {
    return names.reduce((sum, name, i) => (wanted.includes(name) ? sum + this.grew(region, i) : sum), 0);
  }

  exits(pick: Pick = ALL): number {
    return this.#cells(pick).reduce((sum, { index }) => sum + this.grew("exits", index), 0);
  }

  exitCycles(pick: Pick = ALL): number {
    return this.#cells(pick).reduce((sum, { index }) => sum + this.grew("exitCycles", index), 0);
  }

  /** Exits up to each edge, and above the last. */
  buckets(pick: Pick = ALL): number[] {
    const width = EXIT_CYCLE_EDGES.length + 1;
    return Array.from({ length: width }, (_, i) =>
      this.#cells(pick).reduce((sum, { index }) => sum + this.grew("exitBuckets", index * width + i), 0),
    );
  }

  hits(fastpaths: readonly string[] = HEADLINE): number {
    return this.grewOf("hits", FASTPATH_NAMES, fastpaths);
  }

  misses(fastpaths: readonly string[] = HEADLINE): number {
    const all = MISSES[this.host.resolved.cpu.vendor];
    return all.reduce((sum, { fastpath }, i) => (fastpaths.includes(fastpath) ? sum + this.grew("misses", i) : sum), 0);
  }

  components(wanted: readonly Component[]): number {
    return this.grewOf("components", COMPONENT_NAMES, wanted);
  }

  /** Cycles as seconds of this host. */
  seconds(cycles: number): number {
    return cycles / this.host.resolved.tscHz;
  }

  get elapsed(): number {
    return this.seconds(this.grew("emulatedCycles"));
  }

  #cells(pick: Pick): Cell[] {
    return SHOWN_CELLS[this.host.resolved.cpu.vendor].filter(pick);
  }
}

/** Many hosts between two snapshots. */
export class Window {
  readonly hosts: readonly HostWindow[];

  constructor(hosts: readonly HostWindow[]) {
    this.hosts = hosts;
  }

  static between(before: FleetSnapshot, after: FleetSnapshot): Window {
    return new Window([...after.hosts].map(([name, host]) => new HostWindow(before.hosts.get(name)!, host)));
  }

  /** Hosts whose labels are these, as far as they are labels of hosts. */
  where(labels: Readonly<Record<string, string>>): Window {
    return new Window(this.hosts.filter((one) => Object.entries(one.labels).every(([name, value]) => (labels[name] ?? value) === value)));
  }

  without(labels: Readonly<Record<string, string>>): Window {
    const excluded = new Set(this.where(labels).hosts);
    return new Window(this.hosts.filter((one) => !excluded.has(one)));
  }

  sum(of: (host: HostWindow) => number): number {
    return this.hosts.reduce((sum, one) => sum + of(one), 0);
  }

  /** Per second of each host's own time. */
  rate(of: (host: HostWindow) => number): number {
    return this.sum((one) => of(one) / one.elapsed);
  }

  /** Quotient of two rates. */
  ratio(of: (host: HostWindow) => number, by: (host: HostWindow) => number): number {
    return this.rate(of) / this.rate(by);
  }

  get hitRate(): number {
    return this.ratio(
      (one) => one.hits(),
      (one) => one.hits() + one.misses(),
    );
  }

  meanCycles(pick: Pick = ALL): number {
    return this.ratio(
      (one) => one.exitCycles(pick),
      (one) => one.exits(pick),
    );
  }

  /** Interpolated inside the bucket, as histogram_quantile does. */
  quantile(share: number, pick: Pick = ALL): number {
    const counts = EXIT_CYCLE_EDGES.map((_, i) => this.rate((one) => one.buckets(pick)[i] ?? 0));
    const above = this.rate((one) => one.buckets(pick).at(-1) ?? 0);
    let rank = share * (counts.reduce((sum, one) => sum + one, 0) + above);
    for (const [i, edge] of EXIT_CYCLE_EDGES.entries()) {
      const inside = counts[i] ?? 0;
      const low = EXIT_CYCLE_EDGES[i - 1] ?? 0;
      if (rank <= inside) return low + (edge - low) * (rank / inside);
      rank -= inside;
    }
    return EXIT_CYCLE_EDGES.at(-1) ?? 0;
  }
}

/** Cells whose labels are these, as far as they are labels of exits. */
export const cellOf =
  (labels: Readonly<Record<string, string>>): Pick =>
  ({ reason, msr, path }) =>
    (labels["reason"] ?? reason) === reason && (labels["msr"] ?? msr) === msr && (labels["path"] ?? path) === path;
