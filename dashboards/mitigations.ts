/** Mitigations: what is mitigated where, what that costs, and what it would give to do without. */
import type { Dashboard } from "@grafana/schema";
import { FLEET_CHANGES } from "./kit/annotations.ts";
import { COLOUR, thresholds } from "./kit/colours.ts";
import { dashboard, sized, type Row } from "./kit/dashboard.ts";
import { STATES } from "./kit/mappings.ts";
import { matrix } from "./kit/matrix.ts";
import { overTime } from "./kit/query.ts";
import { stat } from "./kit/stat.ts";
import { table } from "./kit/table.ts";
import { timeSeries } from "./kit/time-series.ts";
import { UNIT } from "./kit/units.ts";
import { PART_OF_FLEET } from "./kit/variables.ts";
import {
  count,
  divide,
  joined,
  max,
  min,
  minus,
  number,
  operation,
  or,
  ratio,
  sum,
  vector,
  type Expression,
  type Selector,
} from "./promql/expression.ts";
import { chosen, recorded } from "./promql/scope.ts";
import { MITIGATION_COMPONENTS, STATE } from "./promql/vocabulary.ts";
import { UID } from "./uids.ts";

export const mitigations = (): Dashboard =>
  dashboard({
    uid: UID.mitigations,
    title: "fastpathd / Mitigations",
    description: "State of the CPU vulnerabilities, cycles that their mitigations take from each exit, and what old microcode costs.",
    variables: PART_OF_FLEET,
    changes: FLEET_CHANGES,
    rows: [summary(), state(), cost(), without()],
  });

const ofMitigations = (): Selector => recorded("group_component:kvm_exit_cycles:rate1m", { component: MITIGATION_COMPONENTS });
const ALIKE = ["job", "zone", "group", "kernel", "cpu_model", "microcode", "cohort"];
/** Cycles as cores: group by group, for groups differ in frequency. */
const cores = (cycles: Selector, by: readonly string[]): Expression =>
  sum(divide(cycles, recorded("group:kvm_host_tsc_hertz:avg"), { on: ALIKE, keep: [] }), by);
const exitCycles = (by: readonly string[]): Expression => sum(recorded("group_exit:kvm_exit_cycles_sum:rate1m"), by);
const exits = (by: readonly string[]): Expression => sum(recorded("group_exit:kvm_exits:rate1m"), by);
const shareOfCycles = (by: readonly string[] = []): Expression => ratio(sum(ofMitigations(), by), exitCycles(by));
const cyclesPerExit = (by: readonly string[] = []): Expression => ratio(sum(ofMitigations(), by), exits(by));
const vulnerable = (): Expression => operation(chosen("kvm_mitigation_state"), "==", number(STATE.vulnerable));

const summary = (): Row => ({ title: "Now", panels: sized(4, 4, ...summaryTiles()) });

function summaryTiles() {
  const old = or(count(chosen("kvm_host_info", { microcode: "old" })), vector(0));
  const futile = or(cores(recorded("group_component:kvm_exit_cycles:rate1m", { component: "verw", microcode: "old" }), []), vector(0));
  return [
    stat({
      title: "Vulnerable hosts",
      description: "Hosts with at least one vulnerability that is neither mitigated nor absent.",
      unit: UNIT.hosts,
      decimals: 0,
      thresholds: thresholds(COLOUR.good, [1, COLOUR.warning]),
      queries: [overTime(or(count(count(vulnerable(), ["job", "host"])), vector(0)), "vulnerable")],
    }),
    stat({
      title: "Hosts with old microcode",
      description: "Hosts whose microcode lacks MD_CLEAR and its like.",
      unit: UNIT.hosts,
      decimals: 0,
      thresholds: thresholds(COLOUR.good, [1, COLOUR.warning]),
      queries: [overTime(old, "old microcode")],
    }),
    stat({
      title: "Cost of the microcode gap",
      description:
        "Cores that execute VERW on hosts with old microcode. There it clears no buffer: the cycles are spent and the host stays vulnerable.",
      unit: UNIT.cores,
      decimals: 4,
      queries: [overTime(futile, "VERW in vain")],
    }),
    stat({
      title: "Mitigations' share of exit cycles",
      description: "Share of all exits' cycles that mitigations add.",
      unit: UNIT.share,
      decimals: 1,
      queries: [overTime(shareOfCycles(), "share")],
    }),
    stat({
      title: "Mitigation cycles of an exit",
      description: "Cycles that mitigations add to a mean exit.",
      unit: UNIT.cyclesEach,
      decimals: 0,
      queries: [overTime(cyclesPerExit(), "cycles")],
    }),
    stat({
      title: "Cores on mitigations",
      description: "Whole cores that mitigations take from exits, all together.",
      unit: UNIT.cores,
      decimals: 3,
      queries: [overTime(cores(ofMitigations(), []), "cores")],
    }),
  ];
}

/** The worst state in a group: vulnerable where any host is, else mitigated, else not affected. */
function worst(): Expression {
  const by = ["group", "vulnerability"];
  return or(min(operation(chosen("kvm_mitigation_state"), ">", number(STATE.notAffected)), by), max(chosen("kvm_mitigation_state"), by));
}

const LINE = ["codename", "state", "mitigation"];

const state = (): Row => ({
  title: "State",
  panels: sized(
    24,
    11,
    matrix({
      title: "State by group",
      description: "Worst state of each vulnerability in a group at the end of the time range.",
      unit: UNIT.plain,
      mappings: STATES,
      rows: "group",
      columns: "vulnerability",
      value: worst(),
    }),
    table({
      title: "Lines of sysfs",
      description: "What the hosts print in /sys/devices/system/cpu/vulnerabilities at the end of the time range, and how many print it.",
      joinedBy: "line",
      sortedBy: { header: "Vulnerability", descending: false },
      labels: [
        { label: "codename", header: "Vulnerability", width: 210 },
        { label: "state", header: "State", width: 110 },
        { label: "mitigation", header: "Line" },
      ],
      values: [
        { value: joined(count(chosen("node_cpu_vulnerabilities_info"), LINE), "line", LINE), header: "Hosts", unit: UNIT.plain, width: 80 },
      ],
    }),
  ),
});

const cost = (): Row => ({
  title: "Cost",
  panels: sized(
    12,
    9,
    timeSeries({
      title: "Mitigation cycles of a mean exit",
      description:
        "Cycles that each mitigation's component adds to a mean exit. verw: clearing buffers; l1d_flush: L1TF; spec_ctrl, rsb, ibpb, branch_history: Spectre; indirect_branches: retpolines; pti: page-table isolation on a hop to QEMU.",
      unit: UNIT.cyclesEach,
      stacked: true,
      queries: [overTime(ratio(sum(ofMitigations(), ["component"]), exits([]), { on: [], keep: [] }), "{{component}}")],
    }),
    timeSeries({
      title: "Mitigation cycles of a mean exit by group",
      description: "The same, all components together, by group.",
      unit: UNIT.cyclesEach,
      min: 0,
      queries: [overTime(cyclesPerExit(["group"]), "{{group}}")],
    }),
    timeSeries({
      title: "VERW cycles of a mean exit by group",
      description:
        "Cycles of VERW in a mean exit: TAA, MDS and their like. None where an L1D flush clears the buffers anyway, or the CPU is not affected.",
      unit: UNIT.cyclesEach,
      min: 0,
      queries: [
        overTime(
          ratio(sum(recorded("group_component:kvm_exit_cycles:rate1m", { component: "verw" }), ["group"]), exits(["group"])),
          "{{group}}",
        ),
      ],
    }),
    timeSeries({
      title: "Share of exit cycles by kernel and CPU",
      description: "Share of the exits' cycles that mitigations add, by kernel and CPU model.",
      unit: UNIT.share,
      min: 0,
      queries: [overTime(shareOfCycles(["kernel", "cpu_model"]), "{{kernel}} {{cpu_model}}")],
    }),
  ),
});

const without = (): Row => ({
  title: "What switching off would give",
  panels: sized(
    12,
    9,
    timeSeries({
      title: "Cores that switching off would give",
      description:
        "Cores that each mitigation's component takes: what would be free without it, as long as the others stay. Code that runs faster once a flush is gone is not in it; compare two hosts for that.",
      unit: UNIT.cores,
      stacked: true,
      queries: [overTime(cores(ofMitigations(), ["component"]), "{{component}}")],
    }),
    table({
      title: "A mean exit with and without, by group",
      description: "Cycles of a mean exit as it is, and less the components of all mitigations, at the end of the time range.",
      joinedBy: "group",
      sortedBy: { header: "Share", descending: true },
      labels: [{ label: "group", header: "Group" }],
      values: [
        { value: ratio(exitCycles(["group"]), exits(["group"])), header: "With", unit: UNIT.cyclesEach, decimals: 0 },
        {
          value: ratio(minus(exitCycles(["group"]), sum(ofMitigations(), ["group"])), exits(["group"])),
          header: "Without",
          unit: UNIT.cyclesEach,
          decimals: 0,
        },
        { value: shareOfCycles(["group"]), header: "Share", unit: UNIT.share, decimals: 1 },
        { value: cores(ofMitigations(), ["group"]), header: "Cores", unit: UNIT.cores, decimals: 4 },
      ],
    }),
  ),
});
