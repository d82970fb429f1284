/**
 * All that is taken from prom-client: the metrics of the process, and its serialisation, which
 * is the reference for ours. Rendering OpenMetrics strips `_total` from the counters of a
 * Registry for good, so each rendering gets a Registry of its own.
 */
import { collectDefaultMetrics, Registry, type Metric, type OpenMetricsContentType } from "prom-client";
import { CLOSING_LINE, CONTENT_TYPE, bucketLabel, type Format } from "./format.ts";
import type { Family, Labels, Sample } from "./metric.ts";
import type { MetricType } from "./names.ts";

type OpenMetricsRegistry = Registry<OpenMetricsContentType>;

/** Gauges whose names end like counters, which `promtool check metrics` rejects. */
const MISNAMED = new Set(["nodejs_active_resources_total", "nodejs_active_handles_total", "nodejs_active_requests_total"]);

/** Starts collecting prom-client's default metrics; the returned function reads them. */
export function collectProcessMetrics(): () => Promise<Family[]> {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  for (const name of MISNAMED) registry.removeSingleMetric(name);
  return async () => (await registry.getMetricsAsJSON()).map(familyOf);
}

/** Renders families with prom-client, without the closing line. */
export async function renderReference(families: readonly Family[], format: Format): Promise<string> {
  const registry = emptyRegistry(format);
  for (const family of families) registry.registerMetric(metricObject(family));
  const text = await registry.metrics();
  return text.slice(0, text.length - CLOSING_LINE[format].length);
}

function emptyRegistry(format: Format): Registry | OpenMetricsRegistry {
  const registry = new Registry() as Registry | OpenMetricsRegistry;
  if (format === "openmetrics") (registry as OpenMetricsRegistry).setContentType(CONTENT_TYPE.openmetrics);
  return registry;
}

/** A metric as prom-client sees it: a name, and `get()`, which returns values. */
function metricObject({ name, meta, samples }: Family): Metric {
  const values = samples.map(({ suffix, labels, value }) =>
    suffix === "" ? { labels, value } : { labels, value, metricName: name + suffix },
  );
  const { help, type } = meta;
  const metric = {
    name,
    type,
    // The Registry takes `_total` off `this.name` before it asks for an OpenMetrics counter.
    get() {
      return Promise.resolve({ name: this.name, help, type, values });
    },
  };
  return metric as unknown as Metric;
}

type Collected = Awaited<ReturnType<Registry["getMetricsAsJSON"]>>[number];

function familyOf({ name, help, type, values }: Collected): Family {
  const samples = values.map((one): Sample => {
    const suffix = ("metricName" in one ? String(one.metricName).slice(name.length) : "") as Sample["suffix"];
    // Without a garbage collection or a loop turn since the last scrape a mean is 0 / 0.
    return { suffix, labels: textLabels(one.labels), value: Number.isNaN(one.value) ? 0 : one.value };
  });
  return { name, meta: { type: type as unknown as MetricType, help, labels: [] }, samples };
}

/** Labels as text; edges in the canonical form. */
function textLabels(labels: Readonly<Record<string, string | number | undefined>>): Labels {
  const text = (name: string, value: unknown) => (name === "le" && typeof value === "number" ? bucketLabel(value) : String(value));
  return Object.fromEntries(Object.entries(labels).map(([name, value]) => [name, text(name, value)]));
}
