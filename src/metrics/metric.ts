/**
 * What a metric of a host is: the series it has there and their values at a snapshot. Both are
 * pure; whoever renders decides on format, prefixes and caching.
 */
import type { HostPlan } from "../fleet/action.ts";
import type { HostSnapshot } from "../fleet/snapshot.ts";
import type { ResolvedHost } from "../kvm/resolved.ts";
import type { MetricMeta } from "./names.ts";

export type Labels = Readonly<Record<string, string>>;

/** One time series of a metric; histograms have three kinds beside each other. */
export interface Series {
  readonly suffix: "" | "_bucket" | "_sum" | "_count";
  readonly labels: Labels;
}

/** What decides which series a host has. */
export interface HostFacts {
  readonly plan: HostPlan;
  readonly resolved: ResolvedHost;
  /** Workloads that run there or have run since its boot. */
  readonly workloads: readonly string[];
  /** It has exits that only some workloads cause. */
  readonly rareExits: boolean;
}

/** Wall-clock times, which only the edge knows; Unix seconds. */
export interface HostTimes {
  bootSeconds(host: HostSnapshot): number;
  /** 0 before the first change. */
  lastChangeSeconds(host: HostSnapshot): number;
}

export interface HostMetric {
  /** A metric whose series are the same on every host returns the same array each time. */
  readonly series: (facts: HostFacts) => readonly Series[];
  /** One value a series, in the same order. */
  readonly values: (host: HostSnapshot, times: HostTimes) => readonly number[];
}

export interface Sample extends Series {
  readonly value: number;
}

/** A metric with its samples, of one host, of all, or of the daemon itself. */
export interface Family {
  readonly name: string;
  readonly meta: MetricMeta;
  readonly samples: readonly Sample[];
}

/** Pairs series with their values; throws when a metric counts them differently. */
export function samplesOf(name: string, series: readonly Series[], values: readonly number[]): Sample[] {
  if (series.length !== values.length) throw new Error(`expected ${series.length} values of ${name}, got ${values.length}`);
  return series.map((one, i) => ({ ...one, value: values[i] as number }));
}
