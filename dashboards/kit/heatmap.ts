/** The spread of a histogram's observations over time. */
import { AxisPlacement, HeatmapCellLayout, ScaleDistribution, TooltipDisplayMode, VisibilityMode } from "@grafana/schema";
import {
  HeatmapColorMode,
  HeatmapColorScale,
  pluginVersion,
  type Options,
} from "@grafana/schema/dist/esm/raw/composable/heatmap/panelcfg/x/HeatmapPanelCfg_types.gen";
import { BY_SERIES } from "./colours.ts";
import { panel, type About, type Unplaced } from "./panel.ts";
import type { Unit } from "./units.ts";

export interface Heatmap extends About {
  /** Of the vertical axis, the observed values; `unit` is that of the cells. */
  readonly observed: Unit;
}

export function heatmap(about: Heatmap): Unplaced {
  const custom = { hideFrom: { legend: false, tooltip: false, viz: false }, scaleDistribution: { type: ScaleDistribution.Linear } };
  return panel(about, { type: "heatmap", pluginVersion, options: { ...options(about) }, color: BY_SERIES, custom });
}

const options = ({ observed, unit }: Heatmap): Options => ({
  calculate: false,
  cellGap: 1,
  cellValues: { unit },
  color: {
    exponent: 0.5,
    fill: "dark-orange",
    mode: HeatmapColorMode.Scheme,
    reverse: false,
    scale: HeatmapColorScale.Exponential,
    scheme: "Spectral",
    steps: 64,
  },
  exemplars: { color: "rgba(255,0,255,0.7)" },
  // Empty buckets would be drawn as the coldest colour.
  filterValues: { le: 1e-9 },
  legend: { show: true },
  rowsFrame: { layout: HeatmapCellLayout.auto },
  showValue: VisibilityMode.Never,
  tooltip: { mode: TooltipDisplayMode.Single, showColorScale: true, yHistogram: true },
  yAxis: { axisPlacement: AxisPlacement.Left, unit: observed },
});
