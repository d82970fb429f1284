/** Colours with one meaning each, under Grafana's names, and thresholds that use them. */
import { FieldColorModeId, ThresholdsMode, type FieldColor, type ThresholdsConfig } from "@grafana/schema";

export const COLOUR = { good: "green", warning: "yellow", bad: "red", plain: "blue", muted: "text", off: "#6e7681" } as const;
type Colour = (typeof COLOUR)[keyof typeof COLOUR];

/** The first colour from minus infinity on, then steps of value and colour. */
export function thresholds(first: Colour, ...steps: readonly (readonly [number, Colour])[]): ThresholdsConfig {
  return {
    mode: ThresholdsMode.Absolute,
    steps: [{ color: first, value: null }, ...steps.map(([value, color]) => ({ color, value }))],
  };
}

export const NO_THRESHOLDS = thresholds(COLOUR.plain);
export const BY_THRESHOLD: FieldColor = { mode: FieldColorModeId.Thresholds };
export const BY_SERIES: FieldColor = { mode: FieldColorModeId.PaletteClassic };
