/** Fleet: what all hosts together do, and which of them to look at. */
import type { Dashboard } from "@grafana/schema";
import { COLOUR, thresholds } from "./kit/colours.ts";
import { FLEET_CHANGES } from "./kit/annotations.ts";
import { dashboard, sized, type Row } from "./kit/dashboard.ts";
import { exitCoresStat, exitShareStat, hitRateStat, meanCyclesStat } from "./headline.ts";
import { TO_HOST } from "./kit/links.ts";
import { overTime } from "./kit/query.ts";
import { stat } from "./kit/stat.ts";
import { table } from "./kit/table.ts";
import { timeSeries } from "./kit/time-series.ts";
import { UNIT } from "./kit/units.ts";
import { PART_OF_FLEET, TOP } from "./kit/variables.ts";
import {
  and,
  count,
  max,
  meanOfRange,
  number,
  operation,
  or,
  plus,
  positive,
  quantile,
  ratio,
  sum,
  times,
  topk,
  vector,
  type Expression,
} from "./promql/expression.ts";
import { exitCores, exitShare, hitRate, meanCycles } from "./promql/figures.ts";
import { chosen, inPlace, recorded } from "./promql/scope.ts";
import { EXIT_USES, STATE } from "./promql/vocabulary.ts";
import { UID } from "./uids.ts";

export const fleet = (): Dashboard =>
  dashboard({
    uid: UID.fleet,
    title: "fastpathd / Fleet",
    description: "Exits, fastpath hit rate and cores spent on exits, of all hosts together, by kernel, and of the hosts that spend most.",
    variables: [...PART_OF_FLEET, TOP],
    changes: FLEET_CHANGES,
    rows: [summary, exits, cost, migrations, hosts].map((row) => row()),
  });

/** How many of these there are; 0 where there are none. */
const counted = (of: Expression): Expression => or(count(of), vector(0));
const equals = (of: Expression, value: number): Expression => operation(of, "==", number(value));

const summary = (): Row => ({ title: "The fleet now", panels: [...sized(3, 4, ...howMany()), ...sized(3, 4, ...howMuch())] });

function howMany() {
  const down = plus(counted(equals(inPlace("up", { host: { pattern: ".+" } }), 0)), counted(equals(inPlace("kvm_host_up"), 0)));
  return [
    stat({
      title: "Hosts up",
      description: "Hosts of the chosen zones and groups that are emulated and answer their scrape, whatever their kernel and CPU.",
      unit: UNIT.hosts,
      decimals: 0,
      queries: [overTime(sum(inPlace("kvm_host_up")), "up")],
    }),
    stat({
      title: "Hosts down",
      description: "Hosts whose scrape fails, or which stopped because an invariant of the emulator broke; the log has the reason.",
      unit: UNIT.hosts,
      decimals: 0,
      thresholds: thresholds(COLOUR.good, [1, COLOUR.bad]),
      queries: [overTime(down, "down")],
    }),
    stat({
      title: "Vulnerable hosts",
      description: "Hosts with at least one CPU vulnerability that is neither mitigated nor absent. The Mitigations dashboard says which.",
      unit: UNIT.hosts,
      decimals: 0,
      thresholds: thresholds(COLOUR.good, [1, COLOUR.warning]),
      queries: [overTime(counted(count(equals(chosen("kvm_mitigation_state"), STATE.vulnerable), ["job", "host"])), "vulnerable")],
    }),
    stat({
      title: "Exits per second",
      description: "VM exits of all vCPUs, per second of the hosts' own time.",
      unit: UNIT.exitsPerSecond,
      queries: [overTime(sum(recorded("group_exit:kvm_exits:rate1m")), "exits")],
    }),
  ];
}

const howMuch = () => [hitRateStat(hitRate()), meanCyclesStat(meanCycles()), exitShareStat(exitShare()), exitCoresStat(exitCores(), 2)];

const exits = (): Row => ({
  title: "Exits",
  panels: sized(
    12,
    9,
    timeSeries({
      title: "Exits by reason",
      description: "Exits per second by reason, MSR writes by the MSR. Reasons are named as perf kvm stat prints them.",
      unit: UNIT.exitsPerSecond,
      stacked: true,
      queries: [overTime(sum(recorded("group_exit:kvm_exits:rate1m"), ["reason", "msr"]), "{{reason}} {{msr}}")],
    }),
    timeSeries({
      title: "Exits by path",
      description:
        "Where exits were handled: on a fastpath right after the exit, by the kernel's normal handler, or in QEMU. A fastpath removes no exit, it makes it cheaper.",
      unit: UNIT.exitsPerSecond,
      stacked: true,
      queries: [overTime(sum(recorded("group_exit:kvm_exits:rate1m"), ["path"]), "{{path}}")],
    }),
    timeSeries({
      title: "Hit rate by kernel",
      description: "Share of the capable exits that a fastpath took, by kernel.",
      unit: UNIT.share,
      min: 0,
      max: 1,
      noValue: "no capable exit",
      queries: [overTime(hitRate(["kernel"]), "{{kernel}}")],
    }),
    timeSeries({
      title: "Misses by cause",
      description:
        "Capable exits that took the normal path, by fastpath and cause. no_hv_timer is a host whose timers are posted or driven by an hrtimer.",
      unit: UNIT.perSecond,
      stacked: true,
      noValue: "no miss",
      queries: [overTime(sum(recorded("group_cause:kvm_fastpath_misses:rate1m"), ["fastpath", "cause"]), "{{fastpath}}: {{cause}}")],
    }),
  ),
});

const cost = (): Row => ({
  title: "Cost",
  panels: sized(
    8,
    8,
    timeSeries({
      title: "Cycles of an exit by kernel",
      description:
        "Mean cycles of an exit, all reasons, by kernel. The mix of reasons differs between kernels: compare single reasons on Exit latency.",
      unit: UNIT.cyclesEach,
      min: 0,
      queries: [overTime(meanCycles(["kernel"]), "{{kernel}}")],
    }),
    timeSeries({
      title: "Cores on exits by group",
      description: "Whole cores that handle exits, by group.",
      unit: UNIT.cores,
      stacked: true,
      queries: [overTime(exitCores(["group"]), "{{group}}")],
    }),
    timeSeries({
      title: "Time of all CPUs",
      description: "What the physical CPUs do: guests, exits and their mitigations, housekeeping, halt polling, nothing.",
      unit: UNIT.cores,
      stacked: true,
      queries: [overTime(sum(recorded("host_use:kvm_host_cpu_seconds:rate1m"), ["use"]), "{{use}}")],
    }),
  ),
});

/** Seconds that VMs stood still on their way, over the whole range: they move too seldom for a window. */
const downtimes = (): Expression => sum(meanOfRange(recorded("group:kvm_migration_downtime_seconds_bucket:rate1m")), ["le"]);

function downtimeMean(): Expression {
  const moved = sum(meanOfRange(recorded("group:kvm_migration_downtime_seconds_bucket:rate1m", { le: "+Inf" })));
  return ratio(sum(meanOfRange(recorded("group:kvm_migration_downtime_seconds_sum:rate1m"))), moved);
}

const migrations = (): Row => ({
  title: "Migrations",
  panels: [
    ...sized(
      18,
      8,
      timeSeries({
        title: "Migrations by direction and result",
        description:
          "Migrations that ended, counted by the host that the VM left or should have left. The direction says whether it has fewer of the timer's and the ICR's fastpaths there, more, or as many; a refused migration never began.",
        unit: UNIT.perMinute,
        stacked: true,
        min: 0,
        noValue: "no migration",
        queries: [
          overTime(
            times(sum(recorded("group_direction:kvm_migrations:rate1m"), ["direction", "result"]), number(60)),
            "{{direction}}: {{result}}",
          ),
        ],
      }),
    ),
    ...sized(
      6,
      8,
      stat({
        title: "Downtime of migrations",
        description:
          "How long a VM stood still, from the stop of its vCPUs to their first entry at the destination, over the whole time range: mean, and median and 99th percentile interpolated inside a bucket.",
        unit: UNIT.seconds,
        isBare: true,
        noValue: "no migration",
        queries: [
          overTime(downtimeMean(), "mean"),
          ...[0.5, 0.99].map((share) => overTime(positive(quantile(share, downtimes())), `p${share * 100}`)),
        ],
      }),
    ),
  ],
});

const BY_HOST = ["job", "host"];

/** The hosts that lead over the whole range, so that lines do not come and go. */
const ofTop = (of: Expression, leading: Expression): Expression => and(of, topk("$top", leading), BY_HOST);

function hosts(): Row {
  const cores = exitCores(BY_HOST);
  const leading = sum(meanOfRange(recorded("host_use:kvm_host_cpu_seconds:rate1m", { use: EXIT_USES })), BY_HOST);
  const busiest = max(meanOfRange(recorded("host:kvm_exits:rate1m")), BY_HOST);
  return {
    title: "Hosts",
    panels: [
      ...sized(
        12,
        9,
        timeSeries({
          title: "Cores on exits, top hosts",
          description: "Whole cores that handle exits, of the hosts that spend most over the whole time range.",
          unit: UNIT.cores,
          queries: [overTime(ofTop(cores, leading), "{{host}}")],
        }),
        timeSeries({
          title: "Exits per second, top hosts",
          description: "Exits per second of the hosts that exit most over the whole time range.",
          unit: UNIT.exitsPerSecond,
          queries: [overTime(ofTop(sum(recorded("host:kvm_exits:rate1m"), BY_HOST), busiest), "{{host}}")],
        }),
      ),
      ...sized(24, 14, hostTable()),
    ],
  };
}

function hostTable() {
  const sortedBy = { header: "Cores on exits", descending: true };
  const lastChange = positive(chosen("kvm_config_last_change_timestamp_seconds"));
  return table({
    title: "Hosts",
    description: "Every chosen host: what it is, and what it does at the end of the time range. Its name opens its own dashboard.",
    joinedBy: "host",
    sortedBy,
    labels: [
      { label: "host", header: "Host", link: TO_HOST, width: 220 },
      { label: "group", header: "Group" },
      { label: "zone", header: "Zone", width: 80 },
      { label: "kernel", header: "Kernel", width: 110 },
      { label: "cpu_model", header: "CPU" },
      { label: "microcode", header: "Microcode", width: 100 },
      { label: "cohort", header: "Cohort", width: 100 },
    ],
    values: [
      { value: sum(recorded("host:kvm_exits:rate1m"), HOST_COLUMNS), header: "Exits per second", unit: UNIT.exitsPerSecond },
      { value: hitRate(["host"]), header: "Hit rate", unit: UNIT.share, decimals: 1 },
      { value: exitCores(["host"]), header: "Cores on exits", unit: UNIT.cores, decimals: 3 },
      { value: hostMeanCycles(), header: "Cycles of an exit", unit: UNIT.cyclesEach, decimals: 0 },
      { value: count(equals(chosen("kvm_mitigation_state"), STATE.vulnerable), ["host"]), header: "Vulnerabilities", unit: UNIT.plain },
      { value: times(lastChange, number(1000)), header: "Last change", unit: UNIT.time },
    ],
  });
}

const HOST_COLUMNS = ["host", "group", "zone", "kernel", "cpu_model", "microcode", "cohort"];

const hostMeanCycles = (): Expression =>
  ratio(sum(recorded("host:kvm_exit_cycles_sum:rate1m"), ["host"]), sum(recorded("host:kvm_exits:rate1m"), ["host"]));
