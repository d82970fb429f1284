/** A query to Prometheus as a panel holds it. @grafana/schema has no type for it. */
import type { DataQuery, DataSourceRef } from "@grafana/schema";
import type { Expression } from "../promql/expression.ts";

export const DATASOURCE: DataSourceRef = { type: "prometheus", uid: "${datasource}" };

export interface PrometheusQuery extends DataQuery {
  readonly datasource: DataSourceRef;
  readonly expr: string;
  readonly legendFormat: string;
  readonly format: "time_series" | "heatmap" | "table";
  readonly instant: boolean;
  readonly range: boolean;
  readonly editorMode: "code";
}

/** A query without its place in a panel. */
export type Query = Omit<PrometheusQuery, "refId">;

const query = (of: Expression, legendFormat: string, format: PrometheusQuery["format"], instant: boolean): Query => ({
  datasource: DATASOURCE,
  editorMode: "code",
  expr: of.text,
  format,
  instant,
  legendFormat,
  range: !instant,
});

/** Over the time range; `legend` names a series, with labels in double braces. */
export const overTime = (of: Expression, legend: string): Query => query(of, legend, "time_series", false);
/** Buckets over the time range; the expression keeps the label `le` and no other. */
export const buckets = (of: Expression): Query => query(of, "{{le}}", "heatmap", false);
/** At the end of the time range, a row a series, a column a label. */
export const rowsNow = (of: Expression): Query => query(of, "", "table", true);

/** A, B, C and so on; tables name columns by them (`Value #A`). */
export const refIdOf = (i: number): string => String.fromCodePoint("A".codePointAt(0)! + i);

export const named = (queries: readonly Query[]): PrometheusQuery[] => queries.map((one, i) => ({ ...one, refId: refIdOf(i) }));
