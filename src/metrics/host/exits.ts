/** Exits, their cycles, and what spent those. */
import { COMPONENT_NAMES } from "../../cost/components.ts";
import { EXIT_CYCLE_EDGES } from "../../kvm/counters.ts";
import { SHOWN_CELLS, type Cell } from "../../kvm/exits.ts";
import { counts, countsByVendor, histogramByVendor } from "../from-counters.ts";
import type { Labels } from "../metric.ts";

/** `msr` stands on writes of an MSR only. */
const labelsOf = (cells: readonly Cell[]): readonly Labels[] =>
  cells.map(({ reason, msr, path }) => (msr === "" ? { reason, path } : { reason, msr, path }));
const CELL_LABELS = { intel: labelsOf(SHOWN_CELLS.intel), amd: labelsOf(SHOWN_CELLS.amd) };

export const exitMetrics = {
  kvm_exits_total: countsByVendor("exits", CELL_LABELS),
  kvm_exit_cycles: histogramByVendor("exitBuckets", "exitCycles", EXIT_CYCLE_EDGES, CELL_LABELS),
  kvm_exit_cycles_by_component_total: counts(
    "components",
    COMPONENT_NAMES.map((component) => ({ component })),
  ),
};
