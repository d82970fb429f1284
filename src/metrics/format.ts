/**
 * The two text formats of an exposition, down to the character: headers, label sets, numbers.
 * Both print samples alike; they differ in the name that heads a counter, in blank lines and
 * in the closing line.
 */
import type { Labels } from "./metric.ts";
import type { MetricMeta } from "./names.ts";

export type Format = "text" | "openmetrics";

export const CONTENT_TYPE = {
  text: "text/plain; version=0.0.4; charset=utf-8",
  openmetrics: "application/openmetrics-text; version=1.0.0; charset=utf-8",
} as const satisfies Record<Format, string>;

/** Stands between two families. */
export const FAMILY_SEPARATOR = { text: "\n", openmetrics: "" } as const satisfies Record<Format, string>;
/** Ends a whole exposition. */
export const CLOSING_LINE = { text: "", openmetrics: "# EOF\n" } as const satisfies Record<Format, string>;

/** HELP and TYPE lines. OpenMetrics names a counter's family without `_total`. */
export function familyHeader(name: string, meta: MetricMeta, format: Format): string {
  const family = format === "openmetrics" && meta.type === "counter" ? name.replace(/_total$/, "") : name;
  return `# HELP ${family} ${meta.help}\n# TYPE ${family} ${meta.type}\n`;
}

/** `a="x",b="y"`, without braces. */
export function labelPairs(labels: Labels): string {
  return Object.entries(labels)
    .map(([name, value]) => `${name}="${escapeLabel(value)}"`)
    .join(",");
}

/** An edge as the canonical float of Prometheus: always with a point. */
export const bucketLabel = (edge: number): string => (Number.isInteger(edge) ? `${edge}.0` : `${edge}`);

const escapeLabel = (value: string): string => value.replaceAll("\\", "\\\\").replaceAll("\n", "\\n").replaceAll('"', '\\"');
