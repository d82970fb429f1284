/**
 * The series that a query may name and the labels that each has, so that a misspelt one does not
 * compile: those of the daemon and its hosts, of its process, of the recording rules, and `up`.
 */
import type { DAEMON_METRICS, HOST_METRICS, IDENTITY_LABELS } from "../../src/metrics/names.ts";
import type { PROCESS_METRICS } from "./process-metrics.ts";
import type { RECORDED } from "./recorded.ts";

type Metrics = typeof HOST_METRICS & typeof DAEMON_METRICS & typeof PROCESS_METRICS;
type Histogram = { [Name in keyof Metrics]: Metrics[Name]["type"] extends "histogram" ? Name : never }[keyof Metrics];
type Suffix = "bucket" | "sum" | "count";
type Exposed = Exclude<keyof Metrics, Histogram> | `${Histogram}_${Suffix}`;

export type SeriesName = Exposed | keyof typeof RECORDED | "up";

type FamilyOf<Name> = Name extends keyof Metrics ? Name : Name extends `${infer Family extends Histogram}_${Suffix}` ? Family : never;
type BucketLabel<Name> = Name extends `${string}_bucket` ? "le" : never;
type ScrapeLabel = "job" | (typeof IDENTITY_LABELS)[number];

/** Labels that a series of this name has. */
export type LabelOf<Name extends SeriesName> = Name extends keyof typeof RECORDED
  ? (typeof RECORDED)[Name][number]
  : ScrapeLabel | BucketLabel<Name> | (Name extends "up" ? never : Metrics[FamilyOf<Name>]["labels"][number]);
