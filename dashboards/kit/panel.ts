/** What every panel has. Title, description and unit are parameters, so none can be without. */
import type { FieldColor, FieldConfig, Panel, ThresholdsConfig, ValueMapping } from "@grafana/schema";
import { NO_THRESHOLDS } from "./colours.ts";
import { DATASOURCE, named, type Query } from "./query.ts";
import type { Unit } from "./units.ts";

/** A panel before it has a place and a number. */
export type Unplaced = Omit<Panel, "gridPos" | "id"> & { readonly title: string };

export type Override = NonNullable<Panel["fieldConfig"]>["overrides"][number];

export interface About {
  readonly title: string;
  /** What it shows and how to read it, in sentences. */
  readonly description: string;
  readonly unit: Unit;
  readonly queries: readonly Query[];
  readonly min?: number;
  readonly max?: number;
  readonly decimals?: number;
  /** Stands where there is no data. */
  readonly noValue?: string;
  readonly thresholds?: ThresholdsConfig;
  readonly mappings?: readonly ValueMapping[];
  readonly overrides?: readonly Override[];
}

/** The visualisation's own part. */
export interface Visualisation {
  readonly type: string;
  readonly pluginVersion: string;
  readonly options: Readonly<Record<string, unknown>>;
  readonly color: FieldColor;
  readonly custom: Readonly<Record<string, unknown>>;
}

export function panel(about: About, { type, pluginVersion, options, color, custom }: Visualisation): Unplaced {
  const { title, description, unit, queries, overrides = [] } = about;
  const defaults: FieldConfig = {
    color,
    custom,
    ...(about.decimals === undefined ? {} : { decimals: about.decimals }),
    mappings: [...(about.mappings ?? [])],
    ...(about.max === undefined ? {} : { max: about.max }),
    ...(about.min === undefined ? {} : { min: about.min }),
    noValue: about.noValue ?? "no data",
    thresholds: about.thresholds ?? NO_THRESHOLDS,
    unit,
  };
  return {
    datasource: DATASOURCE,
    description,
    fieldConfig: { defaults, overrides: [...overrides] },
    options: { ...options },
    pluginVersion,
    targets: named(queries).map((one) => ({ ...one })),
    title,
    type,
  };
}
