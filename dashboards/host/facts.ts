/** What the host is, and its headline figures. */
import { exitCoresStat, exitShareStat, hitRateStat, meanCyclesStat } from "../headline.ts";
import { COLOUR } from "../kit/colours.ts";
import { sized, type Row } from "../kit/dashboard.ts";
import { words } from "../kit/mappings.ts";
import { overTime } from "../kit/query.ts";
import { stat } from "../kit/stat.ts";
import { table } from "../kit/table.ts";
import { UNIT } from "../kit/units.ts";
import { divide, rate, ratio, sum, times } from "../promql/expression.ts";
import { hostHitRate, perOwnSecond } from "../promql/figures.ts";
import { ofHost } from "../promql/scope.ts";
import { BUSY, EXIT_USES } from "../promql/vocabulary.ts";

export const facts = (): Row => ({ title: "The host", panels: [...sized(24, 4, factTable()), ...sized(4, 4, ...headline())] });

const INFO = { on: ["job", "host"], keep: ["kernel", "cpu_model", "vendor", "scenario", "microcode"] };
const COHORT = { on: ["job", "host"], keep: ["cohort"] };

function factTable() {
  const up = times(times(ofHost("kvm_host_up"), ofHost("kvm_host_info"), INFO), ofHost("kvm_cohort_assignment"), COHORT);
  return table({
    title: "Facts",
    description: "What the host is made of at the end of the time range, and the number of its configuration, one more at each change.",
    joinedBy: "host",
    sortedBy: { header: "Host", descending: false },
    labels: [
      { label: "host", header: "Host" },
      { label: "kernel", header: "Kernel" },
      { label: "cpu_model", header: "CPU" },
      { label: "scenario", header: "Scenario" },
      { label: "microcode", header: "Microcode" },
      { label: "cohort", header: "Cohort" },
    ],
    values: [
      { value: up, header: "State", mappings: words({ 0: ["stopped", COLOUR.bad], 1: ["up", COLOUR.good] }), isColoured: true },
      { value: ofHost("kvm_host_cpus"), header: "CPUs", unit: UNIT.plain },
      { value: ofHost("kvm_host_tsc_hertz"), header: "TSC", unit: UNIT.hertz },
      { value: ofHost("kvm_host_guests"), header: "Guests", unit: UNIT.plain },
      { value: ofHost("kvm_host_vcpus"), header: "vCPUs", unit: UNIT.plain },
      { value: ofHost("kvm_config_generation"), header: "Generation", unit: UNIT.plain },
    ],
  });
}

function headline() {
  const exits = rate(ofHost("kvm_exits_total"));
  const busy = rate(ofHost("kvm_host_cpu_seconds_total", { use: BUSY }));
  const onExits = rate(ofHost("kvm_host_cpu_seconds_total", { use: EXIT_USES }));
  return [
    stat({
      title: "Exits per second",
      description: "VM exits of all vCPUs of the host, per second of its own time.",
      unit: UNIT.exitsPerSecond,
      queries: [overTime(perOwnSecond(exits), "exits")],
    }),
    stat({
      title: "Exits per second and vCPU",
      description: "The same divided by the host's vCPUs: comparable between hosts.",
      unit: UNIT.exitsPerSecond,
      queries: [overTime(divide(perOwnSecond(exits), sum(ofHost("kvm_host_vcpus"))), "exits")],
    }),
    hitRateStat(hostHitRate()),
    meanCyclesStat(ratio(sum(rate(ofHost("kvm_exit_cycles_sum"))), sum(rate(ofHost("kvm_exit_cycles_count"))))),
    exitShareStat(ratio(sum(onExits), sum(busy))),
    exitCoresStat(perOwnSecond(onExits), 3),
  ];
}
