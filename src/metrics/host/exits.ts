/** Exits, their cycles, and what spent those. */
import { COMPONENT_NAMES } from "../../cost/components.ts";
import { EXIT_CYCLE_EDGES } from "../../kvm/counters.ts";
import { ALL_SHOWN_CELLS, SHOWN_CELLS, type Cell } from "../../kvm/exits.ts";
import { factsOf } from "../facts.ts";
import { counts, countsByVendor, histogramByVendor } from "../from-counters.ts";
import type { HostMetric, Labels } from "../metric.ts";

/** `msr` stands on writes of an MSR only. */
const labelsOf = (cells: readonly Cell[]): readonly Labels[] =>
  cells.map(({ reason, msr, path }) => (msr === "" ? { reason, path } : { reason, msr, path }));
const labelsByVendor = ({ intel, amd }: typeof SHOWN_CELLS) => ({ intel: labelsOf(intel), amd: labelsOf(amd) });
const CELL_LABELS = labelsByVendor(SHOWN_CELLS);
const ALL_CELL_LABELS = labelsByVendor(ALL_SHOWN_CELLS);

/** Hosts whose workloads cause exits that others never have export those, too. */
function withRareExits(common: HostMetric, all: HostMetric): HostMetric {
  return {
    series: (facts) => (facts.rareExits ? all : common).series(facts),
    values: (host, times) => (factsOf(host).rareExits ? all : common).values(host, times),
  };
}

export const exitMetrics = {
  kvm_exits_total: withRareExits(countsByVendor("exits", CELL_LABELS), countsByVendor("exits", ALL_CELL_LABELS)),
  kvm_exit_cycles: withRareExits(
    histogramByVendor("exitBuckets", "exitCycles", EXIT_CYCLE_EDGES, CELL_LABELS),
    histogramByVendor("exitBuckets", "exitCycles", EXIT_CYCLE_EDGES, ALL_CELL_LABELS),
  ),
  kvm_exit_cycles_by_component_total: counts(
    "components",
    COMPONENT_NAMES.map((component) => ({ component })),
  ),
};
