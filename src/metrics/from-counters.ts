/**
 * Metrics that are a region of the counters under labels: events and cycles as they are,
 * durations turned from TSC cycles into seconds, histograms made cumulative.
 */
import { counterAt, type HostSnapshot } from "../fleet/snapshot.ts";
import type { Vendor } from "../hw/cpu-model.ts";
import { AT, REGION_SIZE, type Region } from "../kvm/counters.ts";
import { bucketLabel } from "./format.ts";
import type { HostMetric, Labels, Series } from "./metric.ts";

type LabelsByVendor = Readonly<Record<Vendor, readonly Labels[]>>;

/** A region of integers as it is: events or cycles. */
export function counts(region: Region, labels: readonly Labels[]): HostMetric {
  const series = plainSeries(region, labels);
  return { series: () => series, values: (host) => read(host, region) };
}

/** The same where a host's labels are its vendor's; the region has room for the longer list. */
export function countsByVendor(region: Region, labels: LabelsByVendor): HostMetric {
  const series = byVendor((vendor) => vendorSeries(region, labels[vendor]));
  return {
    series: ({ resolved }) => series[resolved.cpu.vendor],
    values: (host) => range(host, AT[region], labels[host.resolved.cpu.vendor].length),
  };
}

/** A region of TSC cycles as seconds. */
export function seconds(region: Region, labels: readonly Labels[]): HostMetric {
  const series = plainSeries(region, labels);
  return { series: () => series, values: (host) => read(host, region).map((cycles) => cycles / host.resolved.tscHz) };
}

/**
 * One histogram a set of labels. `buckets` holds, set after set, the events up to each edge
 * and those above the last; `sum` holds the sum of each set.
 */
export function histogram(buckets: Region, sum: Region, edges: readonly number[], labels: readonly Labels[]): HostMetric {
  const width = edges.length + 1;
  expectSize(buckets, width * labels.length);
  expectSize(sum, labels.length);
  const series = labels.flatMap((own) => histogramSeries(edges, own));
  return { series: () => series, values: (host) => histograms(host, buckets, sum, edges, labels.length) };
}

/** One histogram of durations: `sum` holds TSC cycles, edges are seconds. */
export function secondsHistogram(buckets: Region, sum: Region, edges: readonly number[]): HostMetric {
  const { series, values } = histogram(buckets, sum, edges, [{}]);
  const sumAt = edges.length + 1;
  return { series, values: (host, times) => values(host, times).with(sumAt, counterAt(host, AT[sum]) / host.resolved.tscHz) };
}

/** The same where a host's labels are its vendor's. */
export function histogramByVendor(buckets: Region, sum: Region, edges: readonly number[], labels: LabelsByVendor): HostMetric {
  const series = byVendor((vendor) => labels[vendor].flatMap((own) => histogramSeries(edges, own)));
  return {
    series: ({ resolved }) => series[resolved.cpu.vendor],
    values: (host) => histograms(host, buckets, sum, edges, labels[host.resolved.cpu.vendor].length),
  };
}

function histograms(host: HostSnapshot, buckets: Region, sum: Region, edges: readonly number[], count: number): number[] {
  const width = edges.length + 1;
  return Array.from({ length: count }, (_, i) => {
    let total = 0;
    const cumulative = range(host, AT[buckets] + i * width, width).map((events) => (total += events));
    return [...cumulative, counterAt(host, AT[sum] + i), total];
  }).flat();
}

/** Series of one histogram: its buckets up to +Inf, then sum and count. */
export function histogramSeries(edges: readonly number[], labels: Labels): Series[] {
  const bucket = (le: string): Series => ({ suffix: "_bucket", labels: { ...labels, le } });
  return [...edges.map((edge) => bucket(bucketLabel(edge))), bucket("+Inf"), { suffix: "_sum", labels }, { suffix: "_count", labels }];
}

function plainSeries(region: Region, labels: readonly Labels[]): Series[] {
  expectSize(region, labels.length);
  return vendorSeries(region, labels);
}

function vendorSeries(region: Region, labels: readonly Labels[]): Series[] {
  if (labels.length > REGION_SIZE[region]) throw new Error(`${labels.length} series of ${region}, it has ${REGION_SIZE[region]} counters`);
  return labels.map((own) => ({ suffix: "", labels: own }));
}

const byVendor = <T>(make: (vendor: Vendor) => T): Readonly<Record<Vendor, T>> => ({ intel: make("intel"), amd: make("amd") });

function expectSize(region: Region, size: number): void {
  if (REGION_SIZE[region] !== size) throw new Error(`expected ${size} counters in ${region}, it has ${REGION_SIZE[region]}`);
}

const read = (host: HostSnapshot, region: Region): number[] => range(host, AT[region], REGION_SIZE[region]);

const range = (host: HostSnapshot, start: number, length: number): number[] => Array.from({ length }, (_, i) => counterAt(host, start + i));
