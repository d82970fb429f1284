/** Marks on every time axis where the configuration changed. */
import type { AnnotationQuery } from "@grafana/schema";
import { select, type Selector } from "../promql/expression.ts";
import { DATASOURCE } from "./query.ts";

interface PrometheusAnnotation extends AnnotationQuery {
  /** Stands here for old readers and in `target` for new ones. */
  readonly expr: string;
  readonly step: string;
  readonly titleFormat: string;
  readonly textFormat: string;
  readonly tagKeys: string;
  /** The sample's value is the time of the event, in milliseconds. */
  readonly useValueForTime: boolean;
}

const STEP = "15s";

function changes(of: Selector, text: string): PrometheusAnnotation {
  const expr = `${of.text} * 1000 >= $__from`;
  const target = { refId: "Anno", expr, step: STEP, interval: STEP };
  const shown = { enable: true, hide: false, iconColor: "purple", name: "Configuration changes" };
  return {
    ...shown,
    datasource: DATASOURCE,
    expr,
    step: STEP,
    tagKeys: "",
    target,
    textFormat: text,
    titleFormat: "Configuration changed",
    useValueForTime: true,
  };
}

/** One mark a change, however many hosts it reached. */
export const FLEET_CHANGES = changes(
  select("fastpathd_config_last_change_timestamp_seconds", {}),
  "The daemon {{instance}} took a change of its hosts; GET /api/v1/changes lists which.",
);

export const HOST_CHANGES = changes(
  select("kvm_config_last_change_timestamp_seconds", { job: "$job", host: "$host" }),
  "Configuration of {{host}}; GET /api/v1/changes says what.",
);
