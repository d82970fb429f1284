/** Numbers that stand for words. */
import { MappingType, type ValueMapping } from "@grafana/schema";
import { STATE } from "../promql/vocabulary.ts";
import { COLOUR } from "./colours.ts";

type Word = readonly [text: string, color: string];

export function words(of: Readonly<Record<string, Word>>): ValueMapping[] {
  const options = Object.fromEntries(Object.entries(of).map(([value, [text, color]], index) => [value, { color, index, text }]));
  return [{ type: MappingType.ValueToText, options }];
}

export const ON_OFF = words({ 0: ["off", COLOUR.off], 1: ["on", COLOUR.good] });
export const STATES = words({
  [STATE.notAffected]: ["not affected", COLOUR.off],
  [STATE.vulnerable]: ["vulnerable", COLOUR.bad],
  [STATE.mitigated]: ["mitigated", COLOUR.good],
});
