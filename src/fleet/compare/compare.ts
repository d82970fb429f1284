/**
 * Two specifications of the same hosts, emulated side by side over the same seeds, and every
 * figure in which they differ. Nothing that runs is touched: each arm is a host of its own.
 */
import type { ResolvedHost } from "../../kvm/resolved.ts";
import { hashText } from "../../sim/random.ts";
import { type ArmPlan, armVcpuSeconds, measureArm } from "./arm.ts";
import { type Figure, FIGURES } from "./figures.ts";
import { beyondChance } from "./holm.ts";
import { Measured } from "./measured.ts";
import { type Batches, type Difference, type Leaving, pairedDifference } from "./paired-difference.ts";

/** A host before and after. */
export interface ComparedHost {
  /** Its random stream is forked by this name, as in a fleet. */
  readonly name: string;
  readonly before: ResolvedHost;
  readonly after: ResolvedHost;
  /** Hosts that it stands for. */
  readonly weight: number;
}

export interface ComparePlan {
  readonly hosts: readonly ComparedHost[];
  readonly seeds: readonly number[];
  /** Emulated time that is measured of each host, each arm and each seed. */
  readonly secondsPerSeed: number;
}

export interface ComparedFigure extends Pick<Figure, "name" | "labels" | "unit"> {
  /** Null where the arm has nothing to take the figure from. */
  readonly before: number | null;
  readonly after: number | null;
  /** After less before. */
  readonly difference: Difference | null;
  /** After over before, less 1; null also where before is 0. */
  readonly relative: Difference | null;
  /** The difference is more than chance brings, among as many figures as were looked at. */
  readonly isBeyondChance: boolean;
}

export interface Comparison {
  readonly figures: readonly ComparedFigure[];
  readonly blocks: ArmPlan;
}

/** Batches to aim at: enough for a narrow interval, few enough that each is long. */
const BATCHES_WANTED = 40;
const WARM_UP_SHARE = 0.1;
const WARM_UP_SECONDS_MIN = 0.05;

/** Blocks of a seed: a power of two, so that neighbours can be joined in twos. */
function blocksOf(seeds: number, secondsPerSeed: number): ArmPlan {
  const blocks = 2 ** Math.max(1, Math.floor(Math.log2(BATCHES_WANTED / seeds)));
  return {
    warmUpSeconds: Math.max(WARM_UP_SECONDS_MIN, secondsPerSeed * WARM_UP_SHARE),
    blockSeconds: secondsPerSeed / blocks,
    blocks,
  };
}

/** vCPU seconds that a comparison emulates: what its cost is proportional to. */
function plannedVcpuSeconds({ hosts, seeds, secondsPerSeed }: ComparePlan): number {
  const blocks = blocksOf(seeds.length, secondsPerSeed);
  return seeds.length * hosts.reduce((sum, { before, after }) => sum + armVcpuSeconds(before, blocks) + armVcpuSeconds(after, blocks), 0);
}

/** Compares; yields the share that is done, so that whoever drives it can do something else in between. */
export function* compare(plan: ComparePlan): Generator<number, Comparison> {
  const { hosts, seeds, secondsPerSeed } = plan;
  const blocks = blocksOf(seeds.length, secondsPerSeed);
  const whole = plannedVcpuSeconds(plan);
  const before = seeds.flatMap(() => emptyBatches(blocks.blocks));
  const after = seeds.flatMap(() => emptyBatches(blocks.blocks));
  let done = 0;
  for (const [s, seed] of seeds.entries()) {
    for (const host of hosts) {
      for (const [resolved, batches] of [
        [host.before, before],
        [host.after, after],
      ] as const) {
        const arm = measureArm(resolved, hashText(host.name, seed), blocks);
        let step = arm.next();
        for (; step.done !== true; step = arm.next()) yield (done += step.value) / whole;
        step.value.forEach((block, b) => batches[s * blocks.blocks + b]?.add(block, host.weight));
      }
    }
  }
  return { figures: figuresOf({ seeds: seeds.length, before: leaving(before), after: leaving(after) }), blocks };
}

/** Compares at once. */
export function compareNow(plan: ComparePlan): Comparison {
  const running = compare(plan);
  for (;;) {
    const step = running.next();
    if (step.done === true) return step.value;
  }
}

const emptyBatches = (count: number): Measured[] => Array.from({ length: count }, () => new Measured());

/** Everything, and everything without each batch: what came before it plus what comes after it. */
function leaving(batches: readonly Measured[]): Leaving<Measured> {
  const all = new Measured();
  const without = batches.map((batch) => {
    const earlier = new Measured();
    earlier.add(all);
    all.add(batch);
    return earlier;
  });
  const later = new Measured();
  for (let i = batches.length - 1; i >= 0; i--) {
    (without[i] as Measured).add(later);
    later.add(batches[i] as Measured);
  }
  return { all, without };
}

/** All figures that either arm has. */
function figuresOf(batches: Batches<Measured>): ComparedFigure[] {
  const shown = FIGURES.map((figure) => compareFigure(figure, batches)).filter(({ before, after }) => isThere(before) || isThere(after));
  const significant = beyondChance(shown.map(({ difference }) => difference?.p ?? 1));
  return shown.map((figure, i) => ({ ...figure, isBeyondChance: significant[i] === true }));
}

const isThere = (value: number | null): boolean => value !== null && value !== 0;

function compareFigure(figure: Figure, batches: Batches<Measured>): Omit<ComparedFigure, "isBeyondChance"> {
  const { name, labels, unit } = figure;
  const of = (measured: Measured): number | null => figure.of(measured);
  return {
    name,
    labels,
    unit,
    before: of(batches.before.all),
    after: of(batches.after.all),
    difference: pairedDifference(batches, of, (a, b) => b - a),
    relative: pairedDifference(batches, of, (a, b) => (a === 0 ? null : b / a - 1)),
  };
}
