/** Exits, their cycles, and what spent those. */
import { COMPONENT_NAMES } from "../../cost/components.ts";
import { EXIT_CYCLE_EDGES } from "../../kvm/counters.ts";
import { CELLS } from "../../kvm/exits.ts";
import { counts, histogram } from "../from-counters.ts";
import type { Labels } from "../metric.ts";

/** `msr` stands on writes of an MSR only. */
const CELL_LABELS: readonly Labels[] = CELLS.map(({ reason, msr, path }) => (msr === "" ? { reason, path } : { reason, msr, path }));

export const exitMetrics = {
  kvm_exits_total: counts("exits", CELL_LABELS),
  kvm_exit_cycles: histogram("exitBuckets", "exitCycles", EXIT_CYCLE_EDGES, CELL_LABELS),
  kvm_exit_cycles_by_component_total: counts(
    "components",
    COMPONENT_NAMES.map((component) => ({ component })),
  ),
};
