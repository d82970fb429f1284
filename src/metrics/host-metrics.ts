/** The catalogue of what a host exposes: each name with how its series and values are found. */
import type { HostPlan } from "../fleet/action.ts";
import type { HostSnapshot } from "../fleet/snapshot.ts";
import type { ResolvedHost } from "../kvm/resolved.ts";
import { factsOf, factsOfPlan } from "./facts.ts";
import { exitMetrics } from "./host/exits.ts";
import { fastpathMetrics } from "./host/fastpaths.ts";
import { hostMetrics } from "./host/host.ts";
import { migrationMetrics } from "./host/migrations.ts";
import { mitigationMetrics } from "./host/mitigations.ts";
import { statisticsMetrics } from "./host/statistics.ts";
import { timeMetrics } from "./host/time.ts";
import { timerMetrics } from "./host/timers.ts";
import { identityLabels } from "./identity.ts";
import { samplesOf, type Family, type HostFacts, type HostMetric, type HostTimes } from "./metric.ts";
import { HOST_METRIC_NAMES, HOST_METRICS, type HostMetricName } from "./names.ts";

export const HOST_METRIC: Readonly<Record<HostMetricName, HostMetric>> = {
  ...hostMetrics,
  ...exitMetrics,
  ...fastpathMetrics,
  ...timerMetrics,
  ...timeMetrics,
  ...migrationMetrics,
  ...statisticsMetrics,
  ...mitigationMetrics,
} satisfies Record<HostMetricName, HostMetric>;

/** A host that is down or stopped says so and nothing else: its counters would only look like silence. */
export const isExposed = (name: HostMetricName, host: HostSnapshot): boolean => host.state === "running" || name === "kvm_host_up";

/** All families of the hosts; with `identity`, each sample carries the identity labels. */
export function hostFamilies(hosts: readonly HostSnapshot[], times: HostTimes, identity: boolean): Family[] {
  return HOST_METRIC_NAMES.map((name) => {
    const samples = hosts
      .filter((host) => isExposed(name, host))
      .flatMap((host) => {
        const own = samplesOf(name, HOST_METRIC[name].series(factsOf(host)), HOST_METRIC[name].values(host, times));
        const base = identity ? identityLabels(host.plan) : {};
        return own.map((sample) => ({ ...sample, labels: { ...base, ...sample.labels } }));
      });
    return { name, meta: HOST_METRICS[name], samples };
  });
}

/** Series that a host will expose: its share of the budget. */
export const seriesCount = (plan: HostPlan, resolved: ResolvedHost): number => countSeries(factsOfPlan(plan, resolved));

/** Series that a host exposes as it is now. */
export function seriesCountOf(host: HostSnapshot): number {
  if (host.breakage.scrapeError !== null) return 0;
  return host.state === "running" ? countSeries(factsOf(host)) : 1;
}

/** Counts by specification and workloads: hosts that share both have as many series. */
const countsByHost = new WeakMap<ResolvedHost, Map<string, number>>();

function countSeries(facts: HostFacts): number {
  const counts = countsByHost.get(facts.resolved) ?? new Map<string, number>();
  countsByHost.set(facts.resolved, counts);
  const key = `${facts.workloads.join()} ${facts.rareExits}`;
  const count = counts.get(key) ?? HOST_METRIC_NAMES.reduce((sum, name) => sum + HOST_METRIC[name].series(facts).length, 0);
  counts.set(key, count);
  return count;
}
