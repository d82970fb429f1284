/** Lines over time, one a series or stacked. */
import {
  AxisColorMode,
  AxisPlacement,
  BarAlignment,
  GraphDrawStyle,
  GraphGradientMode,
  GraphThresholdsStyleMode,
  LegendDisplayMode,
  LineInterpolation,
  ScaleDistribution,
  SortOrder,
  StackingMode,
  TooltipDisplayMode,
  VisibilityMode,
} from "@grafana/schema";
import {
  pluginVersion,
  type FieldConfig,
  type Options,
} from "@grafana/schema/dist/esm/raw/composable/timeseries/panelcfg/x/TimeSeriesPanelCfg_types.gen";
import { BY_SERIES } from "./colours.ts";
import { panel, type About, type Override, type Unplaced } from "./panel.ts";

export interface TimeSeries extends About {
  /** Parts of a whole: drawn on top of each other, each without the others' height. */
  readonly stacked?: boolean;
  /** Parts of a whole, each as its share of it. */
  readonly shares?: boolean;
  /** A logarithmic axis, for what spreads over orders of magnitude. */
  readonly logarithmic?: boolean;
}

export function timeSeries(about: TimeSeries): Unplaced {
  const { stacked = false, shares = false, logarithmic = false } = about;
  return panel(
    { ...about, overrides: [ZEROS, ...(about.overrides ?? [])] },
    {
      type: "timeseries",
      pluginVersion,
      options: { ...options() },
      color: BY_SERIES,
      custom: { ...lines(shares ? StackingMode.Percent : stacked ? StackingMode.Normal : StackingMode.None, logarithmic) },
    },
  );
}

/** What never happened is a series all the same, and not worth a line of the legend. */
const ZEROS: Override = {
  matcher: { id: "byValue", options: { op: "gte", reducer: "allIsZero", value: 0 } },
  properties: [{ id: "custom.hideFrom", value: { legend: true, tooltip: true, viz: false } }],
};

const options = (): Options => ({
  legend: {
    calcs: ["mean", "lastNotNull"],
    displayMode: LegendDisplayMode.Table,
    placement: "bottom",
    showLegend: true,
    sortBy: "Mean",
    sortDesc: true,
  },
  tooltip: { hideZeros: true, mode: TooltipDisplayMode.Multi, sort: SortOrder.Descending },
});

const lines = (mode: StackingMode, logarithmic: boolean): FieldConfig => ({
  axisBorderShow: false,
  axisCenteredZero: false,
  axisColorMode: AxisColorMode.Text,
  axisLabel: "",
  axisPlacement: AxisPlacement.Auto,
  barAlignment: BarAlignment.Center,
  drawStyle: GraphDrawStyle.Line,
  fillOpacity: mode === StackingMode.None ? 8 : 60,
  gradientMode: GraphGradientMode.None,
  hideFrom: { legend: false, tooltip: false, viz: false },
  insertNulls: false,
  lineInterpolation: LineInterpolation.Linear,
  lineWidth: 1,
  pointSize: 4,
  scaleDistribution: logarithmic ? { log: 2, type: ScaleDistribution.Log } : { type: ScaleDistribution.Linear },
  showPoints: VisibilityMode.Auto,
  spanNulls: false,
  stacking: { group: "A", mode },
  thresholdsStyle: { mode: GraphThresholdsStyleMode.Off },
});
