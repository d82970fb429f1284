/** A test of kvm-unit-tests on two specifications over the same seeds: what the second one gains. */
import type { HostSpec } from "../../kvm/host-spec.ts";
import type { UnitTestName } from "../../kvm/unit-tests.ts";
import { runUnitTest } from "../../kvm/vmexit.ts";
import { type Column, type Estimate, estimate } from "./report-table.ts";

export interface Gain {
  /** Share gained at each seed. */
  readonly perSeed: readonly number[];
  readonly disabled: Estimate;
  readonly enabled: Estimate;
  /** Disabled less enabled. */
  readonly gain_cycles: Estimate;
  readonly gain: Estimate;
}

/** The columns of a gain. */
export const gainCells = ({ disabled, enabled, gain_cycles, gain }: Gain) => ({ disabled, enabled, gain_cycles, gain });

export const GAIN_COLUMNS: readonly Column[] = [
  { key: "disabled", title: "fastpath disabled", unit: "cycles" },
  { key: "enabled", title: "fastpath enabled", unit: "cycles" },
  { key: "gain_cycles", title: "gain, cycles", unit: "cycles" },
  { key: "gain", title: "gain", unit: "share" },
];

/** Mean cycles of an iteration without and with; yields after each run. */
export function* gainOf(test: UnitTestName, off: HostSpec, on: HostSpec, seeds: readonly number[]): Generator<void, Gain> {
  const disabled: number[] = [];
  const enabled: number[] = [];
  for (const seed of seeds) {
    disabled.push(runUnitTest(off, test, seed).mean);
    yield;
    enabled.push(runUnitTest(on, test, seed).mean);
    yield;
  }
  const pairs = disabled.map((slow, i) => ({ slow, fast: enabled[i] as number }));
  const perSeed = pairs.map(({ slow, fast }) => 1 - fast / slow);
  return {
    perSeed,
    disabled: estimate(disabled),
    enabled: estimate(enabled),
    gain_cycles: estimate(pairs.map(({ slow, fast }) => slow - fast)),
    gain: estimate(perSeed),
  };
}

/** Runs that `gainOf` makes. */
export const gainRuns = (seeds: number): number => 2 * seeds;
