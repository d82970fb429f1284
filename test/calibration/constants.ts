/** Constants of the cost model that published figures decided: what a fit may move. */
import { COLD, EXTRAS, HANDLERS, RUN_LOOP } from "../../src/cost/paths.ts";
import type { Figure } from "../../src/hw/figure.ts";
import { SKYLAKE_CYCLES } from "../../src/hw/hardware-cycles.ts";

export interface Constant {
  readonly name: string;
  readonly figure: { value: number };
}

const GROUPS: Readonly<Record<string, object>> = {
  run_loop: RUN_LOOP,
  handler: HANDLERS,
  extra: EXTRAS,
  cold: COLD,
  hardware: SKYLAKE_CYCLES,
};

/** Whoever reads "assumed" or "by definition" at the head of a source knows that no figure decided the value. */
const isFitted = ({ source, value }: Figure): boolean =>
  value !== 0 && !source.startsWith("assumed") && !source.startsWith("by definition");

export const FITTED: readonly Constant[] = Object.entries(GROUPS).flatMap(([group, figures]) =>
  Object.entries(figures as Record<string, Figure>)
    .filter(([, figure]) => isFitted(figure))
    .map(([name, figure]) => ({ name: `${group} ${name}`, figure })),
);
