/** Daemon: whether the emulation keeps its pace, and whether scrapes and reloads work. */
import type { Dashboard } from "@grafana/schema";
import { FLEET_CHANGES } from "./kit/annotations.ts";
import { COLOUR, thresholds } from "./kit/colours.ts";
import { dashboard, sized, type Row } from "./kit/dashboard.ts";
import { heatmap } from "./kit/heatmap.ts";
import { words } from "./kit/mappings.ts";
import { buckets, overTime } from "./kit/query.ts";
import { stat } from "./kit/stat.ts";
import { stateTimeline } from "./kit/state-timeline.ts";
import { timeSeries } from "./kit/time-series.ts";
import { UNIT } from "./kit/units.ts";
import { ONE_DAEMON } from "./kit/variables.ts";
import { number, quantile, rate, sum, times } from "./promql/expression.ts";
import { ofDaemon } from "./promql/scope.ts";
import { UID } from "./uids.ts";

export const daemon = (): Dashboard =>
  dashboard({
    uid: UID.daemon,
    title: "fastpathd / Daemon",
    description: "The daemon itself: lag and speed of the emulation, scrapes, reloads of the configuration, size.",
    variables: ONE_DAEMON,
    changes: FLEET_CHANGES,
    rows: [summary(), pace(), requests(), configuration(), faults(), process()],
  });

const summary = (): Row => ({ title: "Now", panels: sized(4, 4, ...summaryTiles()) });

function summaryTiles() {
  return [
    stat({
      title: "Hosts",
      description:
        "Hosts by how they are emulated and by state; a fault took down the one that is down, and a failed one stopped because an invariant broke, which the log names.",
      unit: UNIT.hosts,
      decimals: 0,
      isBare: true,
      queries: [overTime(ofDaemon("fastpathd_hosts"), "{{fidelity}} {{state}}")],
    }),
    stat({
      title: "Speed",
      description: "Speed of the emulation over the last seconds as a share of the speed asked for.",
      unit: UNIT.share,
      decimals: 0,
      thresholds: thresholds(COLOUR.bad, [0.9, COLOUR.warning], [0.98, COLOUR.good]),
      queries: [overTime(ofDaemon("fastpathd_speed_ratio"), "speed")],
    }),
    stat({
      title: "Lag",
      description: "Wall time by which the emulation is behind its pace.",
      unit: UNIT.seconds,
      thresholds: thresholds(COLOUR.good, [1, COLOUR.warning], [5, COLOUR.bad]),
      queries: [overTime(ofDaemon("fastpathd_lag_seconds"), "lag")],
    }),
    stat({
      title: "Emulated exits per second",
      description: "Exits of all hosts per second of the wall: what the engine does.",
      unit: UNIT.exitsPerSecond,
      queries: [overTime(rate(ofDaemon("fastpathd_emulated_exits_total")), "exits")],
    }),
    stat({
      title: "Series of the hosts",
      description: "Series that all hosts expose together; above --fleet-series-limit the daemon's own /metrics leaves them out.",
      unit: UNIT.number,
      queries: [overTime(ofDaemon("fastpathd_series"), "series")],
    }),
    stat({
      title: "Version",
      description: "Version of the daemon and of Node.js.",
      unit: UNIT.plain,
      showsName: true,
      queries: [overTime(ofDaemon("fastpathd_build_info"), "{{version}}, Node {{node}}")],
    }),
  ];
}

const pace = (): Row => ({
  title: "Pace",
  panels: sized(
    8,
    8,
    timeSeries({
      title: "Lag and time given up",
      description: "Wall time by which the emulation is behind, and wall seconds per second that it gave up because it could not catch up.",
      unit: UNIT.seconds,
      min: 0,
      queries: [overTime(ofDaemon("fastpathd_lag_seconds"), "lag"), overTime(rate(ofDaemon("fastpathd_lost_seconds_total")), "given up")],
    }),
    timeSeries({
      title: "Emulated seconds per second",
      description: "Seconds of fleet time per second of the wall: the value of --speed when the machine keeps up.",
      unit: UNIT.seconds,
      min: 0,
      queries: [overTime(rate(ofDaemon("fastpathd_emulated_seconds_total")), "emulated")],
    }),
    heatmap({
      title: "Time of a slice",
      description: "Slices per second by wall time each; while one runs, requests wait.",
      unit: UNIT.perSecond,
      observed: UNIT.seconds,
      queries: [buckets(sum(rate(ofDaemon("fastpathd_slice_seconds_bucket")), ["le"]))],
    }),
  ),
});

const requests = (): Row => ({
  title: "Scrapes and requests",
  panels: sized(
    12,
    8,
    timeSeries({
      title: "Time of a scrape, 99th percentile",
      description: "From a scrape's request to the end of its answer, by route.",
      unit: UNIT.seconds,
      min: 0,
      noValue: "no scrape",
      queries: [overTime(quantile(0.99, sum(rate(ofDaemon("fastpathd_scrape_duration_seconds_bucket")), ["route", "le"])), "{{route}}")],
    }),
    timeSeries({
      title: "Requests",
      description: "Answered requests per second by route, method and code.",
      unit: UNIT.perSecond,
      queries: [
        overTime(sum(rate(ofDaemon("fastpathd_http_requests_total")), ["route", "method", "code"]), "{{method}} {{route}} {{code}}"),
      ],
    }),
  ),
});

const configuration = (): Row => ({
  title: "Configuration",
  panels: [
    ...sized(
      8,
      6,
      stateTimeline({
        title: "Last reload",
        description:
          "Whether the last attempt to load the configuration succeeded; when not, the last good one runs on and the log names file, line and key.",
        unit: UNIT.plain,
        mappings: words({ 0: ["refused", COLOUR.bad], 1: ["accepted", COLOUR.good] }),
        queries: [overTime(ofDaemon("fastpathd_config_last_reload_successful"), "configuration")],
      }),
      timeSeries({
        title: "Reloads",
        description: "Attempts to load the configuration again, per second, by result.",
        unit: UNIT.perSecond,
        queries: [overTime(sum(rate(ofDaemon("fastpathd_config_reloads_total")), ["result"]), "{{result}}")],
      }),
      timeSeries({
        title: "Overrides",
        description: "Overrides in force, and those of them that the state directory keeps over a restart.",
        unit: UNIT.plain,
        decimals: 0,
        queries: [
          overTime(ofDaemon("fastpathd_overrides_active"), "active"),
          overTime(ofDaemon("fastpathd_overrides_persisted"), "persisted"),
        ],
      }),
    ),
    ...sized(12, 4, ...configurationTimes()),
  ],
});

const configurationTimes = () => [
  stat({
    title: "Last accepted load",
    description: "When the configuration was last loaded without an error.",
    unit: UNIT.time,
    isBare: true,
    queries: [overTime(times(ofDaemon("fastpathd_config_last_reload_success_timestamp_seconds"), number(1000)), "accepted")],
  }),
  stat({
    title: "Configuration hash",
    description: "A number that is equal when the loaded configuration is equal: compare daemons by it.",
    unit: UNIT.plain,
    decimals: 0,
    isBare: true,
    queries: [overTime(ofDaemon("fastpathd_config_hash"), "hash")],
  }),
];

const faults = (): Row => ({
  title: "Faults",
  panels: sized(
    24,
    6,
    timeSeries({
      title: "Faults that are active",
      description: "Faults that break hosts on purpose, by kind: what an alert may owe its existence to. /api/v1/faults names the hosts.",
      unit: UNIT.plain,
      min: 0,
      decimals: 0,
      queries: [overTime(ofDaemon("fastpathd_faults_active"), "{{kind}}")],
    }),
  ),
});

const process = (): Row => ({
  title: "Process",
  panels: sized(
    8,
    8,
    timeSeries({
      title: "CPU",
      description: "Cores that the process takes.",
      unit: UNIT.cores,
      min: 0,
      queries: [overTime(rate(ofDaemon("process_cpu_seconds_total")), "process")],
    }),
    timeSeries({
      title: "Memory",
      description: "Resident memory of the process, and of it what JavaScript's heap uses.",
      unit: UNIT.bytes,
      min: 0,
      queries: [overTime(ofDaemon("process_resident_memory_bytes"), "resident"), overTime(ofDaemon("nodejs_heap_size_used_bytes"), "heap")],
    }),
    timeSeries({
      title: "Lag of the event loop, 99th percentile",
      description: "How long the event loop is held up: above all by slices of the emulation.",
      unit: UNIT.seconds,
      min: 0,
      queries: [overTime(ofDaemon("nodejs_eventloop_lag_p99_seconds"), "event loop")],
    }),
  ),
});
