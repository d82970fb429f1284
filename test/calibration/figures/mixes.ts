/** Mixes of exits as perf counts them on the machines that were watched, beside what the workloads give. */
import type { StatExit, StatReport } from "../../../src/kvm/stat.ts";
import { GAIN, type PublishedFigure } from "../figure.ts";
import { machine } from "../machine.ts";
import { statOf } from "../measure.ts";
import { type Line, MIXES } from "./published-mixes.ts";

const BEFORE = "cold caches lengthen the path that is left as much as the one that is saved here";

/** hackbench's average with the ICR fastpath of 5.5 beside the one without. */
const HACKBENCH_GAIN: PublishedFigure = {
  id: "mix-hackbench MSR_WRITE average, gain of the fastpath",
  published: 0.58 / 1.08 - 1,
  unit: "ratio",
  grade: "derived",
  within: GAIN,
  open: BEFORE,
  emulate: () => {
    const [fast, slow] = MIXES.filter(({ id }) => id === "mix-hackbench").map(({ id, with: patch, seconds }) =>
      exitOf(statOf(machine(id, patch ?? {}), seconds), "MSR_WRITE"),
    );
    return fast!.avg_us / slow!.avg_us - 1;
  },
};

const LINES: readonly PublishedFigure[] = MIXES.flatMap(({ id, with: patch, seconds, perSecond, lines }) => {
  const report = (): StatReport => statOf(machine(id, patch ?? {}), seconds);
  const name = `${id}${patch === undefined ? "" : ", no fastpath"}`;
  const figures = Object.entries(lines).flatMap(([reason, line]) => figuresOf(`${name} ${reason}`, line, () => exitOf(report(), reason)));
  if (perSecond === undefined) return figures;
  const rate: PublishedFigure = {
    id: `${name} exits a second`,
    published: perSecond,
    unit: "per second",
    grade: "read",
    within: { relative: 0.1 },
    emulate: () => report().samples / report().seconds,
  };
  return [rate, ...figures];
});

function figuresOf(id: string, { pct, us, open }: Line, exit: () => StatExit | undefined): PublishedFigure[] {
  const share: PublishedFigure = {
    id: `${id} share`,
    published: pct / 100,
    unit: "ratio",
    grade: "read",
    within: { points: 0.05 },
    emulate: () => exit()?.share ?? 0,
  };
  if (us === undefined) return [share];
  const [shortest, average] = us;
  return [
    share,
    time(`${id} shortest`, shortest, open?.shortest, () => exit()?.min_us ?? 0),
    time(`${id} average`, average, open?.average, () => exit()?.avg_us ?? 0),
  ];
}

/** A handling time in microseconds; CPUs and kernels of these hosts are assumed, so no closer than their distributions. */
function time(id: string, us: number, open: string | undefined, emulate: () => number): PublishedFigure {
  return {
    id,
    published: us * 1000,
    unit: "ns",
    grade: "read",
    within: { factor: 1.5 },
    ...(open === undefined ? {} : { open }),
    emulate: () => emulate() * 1000,
  };
}

const exitOf = ({ exits }: StatReport, reason: string): StatExit | undefined => exits.find((exit) => exit.reason === reason);

export const MIX_FIGURES: readonly PublishedFigure[] = [...LINES, HACKBENCH_GAIN];
