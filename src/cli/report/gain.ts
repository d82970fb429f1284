/** A test of kvm-unit-tests on two specifications over the same seeds: what the second one gains. */
import type { HostSpec } from "../../kvm/host-spec.ts";
import type { UnitTestName } from "../../kvm/unit-tests.ts";
import { runUnitTest, type TestResult } from "../../kvm/vmexit.ts";
import { type Column, type Estimate, estimate } from "./report-table.ts";

export interface Gain {
  /** Share gained at each seed. */
  readonly perSeed: readonly number[];
  /** Exits of an iteration, all vCPUs together. */
  readonly exits: { readonly disabled: Estimate; readonly enabled: Estimate };
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
  const runs: { readonly off: TestResult; readonly on: TestResult }[] = [];
  for (const seed of seeds) {
    const slow = runUnitTest(off, test, seed);
    yield;
    runs.push({ off: slow, on: runUnitTest(on, test, seed) });
    yield;
  }
  const pairs = runs.map((run) => ({ slow: run.off.mean, fast: run.on.mean }));
  const perSeed = pairs.map(({ slow, fast }) => 1 - fast / slow);
  return {
    perSeed,
    exits: { disabled: estimate(runs.map((run) => exitsOf(run.off))), enabled: estimate(runs.map((run) => exitsOf(run.on))) },
    disabled: estimate(pairs.map(({ slow }) => slow)),
    enabled: estimate(pairs.map(({ fast }) => fast)),
    gain_cycles: estimate(pairs.map(({ slow, fast }) => slow - fast)),
    gain: estimate(perSeed),
  };
}

const exitsOf = ({ exits }: TestResult): number => exits.reduce((sum, { per_iteration }) => sum + per_iteration, 0);

/** Runs that `gainOf` makes. */
export const gainRuns = (seeds: number): number => 2 * seeds;
