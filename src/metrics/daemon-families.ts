/** What the daemon says of itself, as families for the renderer. */
import { type Fault, FAULT_KINDS } from "../fleet/fault.ts";
import { type FleetSnapshot, HOST_STATES } from "../fleet/snapshot.ts";
import type { DaemonStats } from "./daemon-stats.ts";
import { SCRAPE_ROUTES } from "./daemon-stats.ts";
import { seriesCountOf } from "./host-metrics.ts";
import type { Family, Labels, Sample } from "./metric.ts";
import { DAEMON_METRICS, type DaemonMetricName } from "./names.ts";

export interface DaemonFacts {
  readonly version: string;
  readonly stats: DaemonStats;
  readonly fleet: FleetSnapshot;
  readonly faults: readonly Fault[];
  /** Exits of all hosts since start (`ExitTotal`). */
  readonly emulatedExits: number;
}

/** Families of `DAEMON_METRICS`, in their order. */
export function daemonFamilies(facts: DaemonFacts): Family[] {
  const samples = {
    ...processAndFleet(facts),
    ...paceOf(facts.stats),
    ...configurationOf(facts.stats),
    ...faultsOf(facts),
    ...trafficOf(facts.stats),
  };
  return (Object.keys(DAEMON_METRICS) as DaemonMetricName[]).map((name) => ({ name, meta: DAEMON_METRICS[name], samples: samples[name] }));
}

/** Series that all hosts of the fleet expose. */
export const fleetSeries = (fleet: FleetSnapshot): number => [...fleet.hosts.values()].reduce((sum, host) => sum + seriesCountOf(host), 0);

type Samples<Prefix extends string> = Pick<Record<DaemonMetricName, Sample[]>, Extract<DaemonMetricName, `fastpathd_${Prefix}${string}`>>;

function processAndFleet({
  version,
  fleet,
  emulatedExits,
}: DaemonFacts): Samples<"build" | "shard" | "hosts" | "series" | "emulated_exits"> {
  const states = [...fleet.hosts.values()].map((host) => host.state);
  return {
    fastpathd_build_info: [sample({ version, node: process.version }, 1)],
    fastpathd_shard_info: [sample({ shard: "1", shards: "1" }, 1)],
    fastpathd_hosts: HOST_STATES.map((state) => sample({ fidelity: "exact", state }, states.filter((one) => one === state).length)),
    fastpathd_series: [sample({}, fleetSeries(fleet))],
    fastpathd_emulated_exits_total: [sample({}, emulatedExits)],
  };
}

function paceOf({ pace, sliceSeconds }: DaemonStats): Samples<"emulated_seconds" | "speed" | "lag" | "lost" | "slice"> {
  return {
    fastpathd_emulated_seconds_total: [sample({}, pace.emulatedSeconds)],
    fastpathd_speed_ratio: [sample({}, pace.speedRatio)],
    fastpathd_lag_seconds: [sample({}, pace.lagSeconds)],
    fastpathd_lost_seconds_total: [sample({}, pace.lostSeconds)],
    fastpathd_slice_seconds: sliceSeconds.samples("fastpathd_slice_seconds", {}),
  };
}

function configurationOf({ reload, config }: DaemonStats): Samples<"config" | "overrides"> {
  return {
    fastpathd_config_last_reload_successful: [sample({}, Number(reload.successful))],
    fastpathd_config_last_reload_success_timestamp_seconds: [sample({}, reload.successTimestamp)],
    fastpathd_config_last_change_timestamp_seconds: [sample({}, reload.changeTimestamp)],
    fastpathd_config_reloads_total: [sample({ result: "success" }, reload.succeeded), sample({ result: "failure" }, reload.failed)],
    fastpathd_config_hash: [sample({}, config.hash)],
    fastpathd_overrides_active: [sample({}, config.overridesActive)],
    fastpathd_overrides_persisted: [sample({}, config.overridesPersisted)],
  };
}

function faultsOf({ faults }: DaemonFacts): Samples<"faults"> {
  return {
    fastpathd_faults_active: FAULT_KINDS.map((kind) => sample({ kind }, faults.filter(({ effect }) => effect.kind === kind).length)),
  };
}

function trafficOf(stats: DaemonStats): Samples<"scrape" | "http"> {
  return {
    fastpathd_scrape_duration_seconds: SCRAPE_ROUTES.flatMap((route) =>
      stats.scrapeSeconds[route].samples("fastpathd_scrape_duration_seconds", { route }),
    ),
    fastpathd_http_requests_total: stats.requests().map(({ labels, count }) => sample({ ...labels }, count)),
  };
}

const sample = (labels: Labels, value: number): Sample => ({ suffix: "", labels, value });
