/** One number, large, with the way it went behind it. */
import {
  BigValueColorMode,
  BigValueGraphMode,
  BigValueJustifyMode,
  BigValueTextMode,
  PercentChangeColorMode,
  VizOrientation,
} from "@grafana/schema";
import { pluginVersion, type Options } from "@grafana/schema/dist/esm/raw/composable/stat/panelcfg/x/StatPanelCfg_types.gen";
import { BY_THRESHOLD } from "./colours.ts";
import { panel, type About, type Unplaced } from "./panel.ts";

export interface Stat extends About {
  /** No curve: for facts, and for signed differences, where its area would mislead. */
  readonly isBare?: boolean;
  /** The whole tile takes the colour: a verdict. */
  readonly isVerdict?: boolean;
  /** What is shown of a series that is an info metric: the name, made by the legend. */
  readonly showsName?: boolean;
}

export function stat(about: Stat): Unplaced {
  return panel(about, { type: "stat", pluginVersion, options: { ...options(about) }, color: BY_THRESHOLD, custom: {} });
}

const options = ({ isBare = false, isVerdict = false, showsName = false }: Stat): Options => ({
  colorMode: isVerdict ? BigValueColorMode.BackgroundSolid : BigValueColorMode.Value,
  graphMode: isBare || showsName ? BigValueGraphMode.None : BigValueGraphMode.Area,
  justifyMode: BigValueJustifyMode.Auto,
  orientation: VizOrientation.Auto,
  percentChangeColorMode: PercentChangeColorMode.Standard,
  reduceOptions: { calcs: ["lastNotNull"], fields: "", values: false },
  showPercentChange: false,
  textMode: showsName ? BigValueTextMode.Name : BigValueTextMode.Auto,
  wideLayout: true,
});
