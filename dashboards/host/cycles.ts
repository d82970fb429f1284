/** What exits of the host cost, and what spends it. */
import { sized, type Row } from "../kit/dashboard.ts";
import { heatmap } from "../kit/heatmap.ts";
import { buckets, overTime } from "../kit/query.ts";
import { timeSeries } from "../kit/time-series.ts";
import { UNIT } from "../kit/units.ts";
import { rate, ratio, sum } from "../promql/expression.ts";
import { each, perOwnSecond } from "../promql/figures.ts";
import { ofHost } from "../promql/scope.ts";
import { EXIT_USES } from "../promql/vocabulary.ts";

export const cycles = (): Row => ({ title: "Cycles of exits", panels: sized(12, 10, spread(), means(), components(), cores()) });

const spread = () =>
  heatmap({
    title: "Cycles of exits",
    description: "Exits per second by how many host TSC cycles each took. A fastpath moves its exits some buckets down.",
    unit: UNIT.exitsPerSecond,
    observed: UNIT.cyclesEach,
    queries: [buckets(sum(rate(ofHost("kvm_exit_cycles_bucket")), ["le"]))],
  });

function means() {
  const by = ["reason", "msr", "path"];
  return timeSeries({
    title: "Cycles of an exit by reason and path",
    description:
      "Mean cycles of an exit of each kind. The same write on the fastpath and on the kernel's path are two lines: their distance is the gain.",
    unit: UNIT.cyclesEach,
    logarithmic: true,
    queries: [
      overTime(
        ratio(sum(rate(ofHost("kvm_exit_cycles_sum")), by), sum(rate(ofHost("kvm_exit_cycles_count")), by)),
        "{{reason}} {{msr}} {{path}}",
      ),
    ],
  });
}

const components = () =>
  timeSeries({
    title: "Components of a mean exit",
    description:
      "Cycles of a mean exit by what spends them; the stack's height is the mean exit. src/cost/README.md says what each component is.",
    unit: UNIT.cyclesEach,
    stacked: true,
    queries: [
      overTime(
        each(sum(rate(ofHost("kvm_exit_cycles_by_component_total")), ["component"]), ofHost("kvm_exit_cycles_count")),
        "{{component}}",
      ),
    ],
  });

const cores = () =>
  timeSeries({
    title: "Cores on exits by part",
    description: "Whole cores that handle exits: the work itself, and what mitigations add.",
    unit: UNIT.cores,
    stacked: true,
    queries: [overTime(perOwnSecond(rate(ofHost("kvm_host_cpu_seconds_total", { use: EXIT_USES })), ["use"]), "{{use}}")],
  });
