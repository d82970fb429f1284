/** Mixes of exits as `perf kvm stat` printed them (the light service's by bcc's kvmexit), beside what the workloads give. */
import type { HostSpecPatch } from "../../../src/config/host-schema.ts";
import type { StatExit, StatReport } from "../../../src/kvm/stat.ts";
import type { PublishedFigure } from "../figure.ts";
import { machine, type MachineId } from "../machine.ts";
import { statOf } from "../measure.ts";

interface Line {
  /** Percent of all exits. */
  readonly pct: number;
  /** Average handling time, microseconds. */
  readonly avg?: number;
  /** Why the average is not met. */
  readonly open?: string;
}

interface Mix {
  readonly id: MachineId;
  readonly with?: HostSpecPatch;
  readonly seconds: number;
  /** Exits a second of the whole VM. */
  readonly perSecond?: number;
  readonly lines: Readonly<Record<string, Line>>;
}

const TASKS = "other tasks of that host ran on the vCPU's CPU";
const DESKTOP =
  "the writes of this guest follow a wake-up closely; its host ran a desktop's other programs, which leave caches colder than an idle CPU does";

const MIXES: readonly Mix[] = [
  {
    id: "mix-sysbench",
    seconds: 10,
    perSecond: 1143,
    lines: {
      MSR_WRITE: { pct: 35.4, avg: 3, open: TASKS },
      EXTERNAL_INTERRUPT: { pct: 22.69, avg: 2.43, open: TASKS },
      PREEMPTION_TIMER: { pct: 22.12, avg: 0.62 },
      HLT: { pct: 8.62, avg: 30_567.94 },
      CPUID: { pct: 8.34, avg: 0.65 },
      PAUSE_INSTRUCTION: { pct: 1.51 },
      EPT_MISCONFIG: { pct: 1.17 },
      EOI_INDUCED: { pct: 0.14, avg: 1.24 },
    },
  },
  {
    id: "mix-desktop",
    seconds: 0.5,
    perSecond: 159_000,
    lines: {
      HLT: { pct: 75.17, avg: 143.66 },
      MSR_WRITE: { pct: 21.41, avg: 1.12, open: DESKTOP },
      EXTERNAL_INTERRUPT: { pct: 1.7, avg: 2.67 },
      PREEMPTION_TIMER: { pct: 1.54, avg: 0.77 },
      PAUSE_INSTRUCTION: { pct: 0.15, avg: 1.45 },
    },
  },
  {
    id: "mix-light-service",
    seconds: 3,
    perSecond: 3647,
    lines: {
      MSR_WRITE: { pct: 68.7 },
      HLT: { pct: 27.6 },
      EPT_MISCONFIG: { pct: 1.7 },
      PREEMPTION_TIMER: { pct: 0.9 },
      EXTERNAL_INTERRUPT: { pct: 0.8 },
      IO_INSTRUCTION: { pct: 0.11 },
      EOI_INDUCED: { pct: 0.05 },
      PAUSE_INSTRUCTION: { pct: 0.05 },
      CPUID: { pct: 0.05 },
      EPT_VIOLATION: { pct: 0.03 },
    },
  },
  {
    id: "mix-memory",
    seconds: 2,
    lines: {
      EPT_VIOLATION: { pct: 54.85, avg: 7.78 },
      MSR_WRITE: { pct: 12.3 },
      EXTERNAL_INTERRUPT: { pct: 11.5 },
    },
  },
  {
    id: "mix-windows",
    seconds: 2,
    lines: {
      MSR_WRITE: { pct: 89.96 },
      DR_ACCESS: { pct: 4.35, avg: 0.76 },
      EXTERNAL_INTERRUPT: { pct: 2.9, avg: 3.1 },
      VMCALL: { pct: 1.73 },
    },
  },
  { id: "mix-hackbench", seconds: 0.3, lines: { MSR_WRITE: { pct: 90.73, avg: 0.58 } } },
  { id: "mix-hackbench", with: { fastpath: { icr: "off" } }, seconds: 0.3, lines: { MSR_WRITE: { pct: 90.01, avg: 1.08 } } },
];

export const MIX_FIGURES: readonly PublishedFigure[] = MIXES.flatMap(({ id, with: patch, seconds, perSecond, lines }) => {
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

function figuresOf(id: string, { pct, avg, open }: Line, exit: () => StatExit | undefined): PublishedFigure[] {
  const share: PublishedFigure = {
    id: `${id} share`,
    published: pct / 100,
    unit: "ratio",
    grade: "read",
    within: { points: 0.05 },
    emulate: () => exit()?.share ?? 0,
  };
  if (avg === undefined) return [share];
  const average: PublishedFigure = {
    id: `${id} average`,
    published: avg * 1000,
    unit: "ns",
    grade: "read",
    within: { factor: 1.5 },
    ...(open === undefined ? {} : { open }),
    emulate: () => (exit()?.avg_us ?? 0) * 1000,
  };
  return [share, average];
}

const exitOf = ({ exits }: StatReport, reason: string): StatExit | undefined => exits.find((exit) => exit.reason === reason);
