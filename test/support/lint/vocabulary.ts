/** Series that a query may name, with their labels and kinds: what the daemon exposes and what the rules record. */
import { PROCESS_METRICS } from "../../../dashboards/promql/process-metrics.ts";
import { RECORDED } from "../../../dashboards/promql/recorded.ts";
import { DAEMON_METRICS, HOST_METRICS, IDENTITY_LABELS, type MetricMeta } from "../../../src/metrics/names.ts";

export interface KnownSeries {
  readonly kind: "counter" | "gauge" | "recorded";
  readonly labels: ReadonlySet<string>;
}

const SCRAPED = ["job", ...IDENTITY_LABELS];

function seriesOf([name, { type, labels }]: [string, Pick<MetricMeta, "type" | "labels">]): [string, KnownSeries][] {
  const known = (more: readonly string[] = []) => new Set([...SCRAPED, ...labels, ...more]);
  if (type !== "histogram") return [[name, { kind: type, labels: known() }]];
  return ["_bucket", "_sum", "_count"].map((suffix) => [
    name + suffix,
    { kind: "counter", labels: known(suffix === "_bucket" ? ["le"] : []) },
  ]);
}

export const KNOWN: ReadonlyMap<string, KnownSeries> = new Map<string, KnownSeries>([
  ...Object.entries<Pick<MetricMeta, "type" | "labels">>({ ...HOST_METRICS, ...DAEMON_METRICS, ...PROCESS_METRICS }).flatMap(seriesOf),
  ...Object.entries<readonly string[]>(RECORDED).map(([name, labels]): [string, KnownSeries] => [
    name,
    { kind: "recorded", labels: new Set(labels) },
  ]),
  ["up", { kind: "gauge", labels: new Set(SCRAPED) }],
  ["ALERTS", { kind: "gauge", labels: new Set(["alertname", "alertstate"]) }],
]);

/** Names and labels that a query uses and nobody exposes. */
export function unknownNames(query: {
  selectors: readonly { name: string; matchers: readonly { label: string }[] }[];
  groupings: readonly string[];
  made: readonly string[];
}): string[] {
  const labels = new Set(query.made);
  const found: string[] = [];
  for (const { name, matchers } of query.selectors) {
    const series = KNOWN.get(name);
    if (series === undefined) found.push(`nobody exposes ${name}`);
    for (const label of series?.labels ?? []) labels.add(label);
    for (const { label } of matchers) if (series?.labels.has(label) === false) found.push(`${name} has no label ${label}`);
  }
  return [...found, ...query.groupings.filter((label) => !labels.has(label)).map((label) => `no series of the query has a label ${label}`)];
}
