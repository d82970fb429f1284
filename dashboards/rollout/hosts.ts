/** The state of each host of the cohort and of the others. */
import { sized, type Row } from "../kit/dashboard.ts";
import { TO_HOST } from "../kit/links.ts";
import { table } from "../kit/table.ts";
import { UNIT } from "../kit/units.ts";
import { and, number, positive, ratio, sum, times, type Expression, type Selector } from "../promql/expression.ts";
import { hitRate } from "../promql/figures.ts";
import { inPlace, recorded } from "../promql/scope.ts";

export const perHost = (): Row => ({ title: "Hosts", panels: sized(24, 12, hosts()) });

const BOTH = { cohort: { pattern: "$cohort|$baseline" } } as const;
const ofBoth = (name: "host:kvm_exits:rate1m" | "host:kvm_exit_cycles_sum:rate1m"): Selector => recorded(name, BOTH);
/** The join keeps every host that any query has. */
const onlyBoth = (of: Expression): Expression => and(of, ofBoth("host:kvm_exits:rate1m"), ["host"]);

const hosts = () =>
  table({
    title: "State of each host",
    description: "Hosts of both sides at the end of the time range, with the number of their configuration and when it last changed.",
    joinedBy: "host",
    sortedBy: { header: "Cohort", descending: false },
    labels: [
      { label: "host", header: "Host", link: TO_HOST, width: 220 },
      { label: "cohort", header: "Cohort" },
      { label: "group", header: "Group" },
      { label: "kernel", header: "Kernel" },
      { label: "cpu_model", header: "CPU" },
      { label: "microcode", header: "Microcode" },
    ],
    values: [
      {
        value: sum(ofBoth("host:kvm_exits:rate1m"), ["host", "cohort", "group", "kernel", "cpu_model", "microcode"]),
        header: "Exits per second",
        unit: UNIT.exitsPerSecond,
      },
      { value: onlyBoth(hitRate(["host"])), header: "Hit rate", unit: UNIT.share, decimals: 1 },
      {
        value: ratio(sum(ofBoth("host:kvm_exit_cycles_sum:rate1m"), ["host"]), sum(ofBoth("host:kvm_exits:rate1m"), ["host"])),
        header: "Cycles of an exit",
        unit: UNIT.cyclesEach,
        decimals: 0,
      },
      { value: onlyBoth(inPlace("kvm_config_generation")), header: "Generation", unit: UNIT.plain },
      {
        value: onlyBoth(times(positive(inPlace("kvm_config_last_change_timestamp_seconds")), number(1000))),
        header: "Last change",
        unit: UNIT.time,
      },
    ],
  });
