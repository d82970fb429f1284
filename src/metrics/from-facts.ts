/** Metrics that are plain facts of a host rather than counters. */
import type { HostSnapshot } from "../fleet/snapshot.ts";
import type { HostFacts, HostMetric, HostTimes, Labels, Series } from "./metric.ts";

/** The same label sets on every host. */
export function gauges(labels: readonly Labels[], values: (host: HostSnapshot, times: HostTimes) => readonly number[]): HostMetric {
  const series: readonly Series[] = labels.map((own) => ({ suffix: "", labels: own }));
  return { series: () => series, values };
}

/** One value without labels. */
export function gauge(value: (host: HostSnapshot, times: HostTimes) => number): HostMetric {
  return gauges([{}], (host, times) => [value(host, times)]);
}

/** Label sets that say something of the host; each has the value 1. */
export function info(labels: (facts: Pick<HostFacts, "plan" | "resolved">) => readonly Labels[]): HostMetric {
  return {
    series: (facts) => labels(facts).map((own) => ({ suffix: "", labels: own })),
    values: (host) => labels(host).map(() => 1),
  };
}
