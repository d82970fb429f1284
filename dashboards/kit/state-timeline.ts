/** Bands of colour over time: what something was, and when it changed. */
import { AxisPlacement, LegendDisplayMode, SortOrder, TooltipDisplayMode, VisibilityMode } from "@grafana/schema";
import {
  pluginVersion,
  type FieldConfig,
  type Options,
} from "@grafana/schema/dist/esm/raw/composable/statetimeline/panelcfg/x/StateTimelinePanelCfg_types.gen";
import { BY_THRESHOLD } from "./colours.ts";
import { panel, type About, type Unplaced } from "./panel.ts";

export function stateTimeline(about: About): Unplaced {
  return panel(about, { type: "state-timeline", pluginVersion, options: { ...OPTIONS }, color: BY_THRESHOLD, custom: { ...FIELD } });
}

const OPTIONS: Options = {
  alignValue: "left",
  legend: { calcs: [], displayMode: LegendDisplayMode.List, placement: "bottom", showLegend: false },
  mergeValues: true,
  rowHeight: 0.85,
  showValue: VisibilityMode.Auto,
  tooltip: { mode: TooltipDisplayMode.Single, sort: SortOrder.None },
};

const FIELD: FieldConfig = {
  axisPlacement: AxisPlacement.Auto,
  fillOpacity: 75,
  hideFrom: { legend: false, tooltip: false, viz: false },
  lineWidth: 0,
};
