/** One exit stripped down step by step: github.com/esmakokten/cos-vmimg measurements/exit-anatomy. */
import type { HostSpecPatch } from "../../../src/config/host-schema.ts";
import { mergePatch } from "../../../src/config/merge.ts";
import { ABSOLUTE_CYCLES, SHAPE_FACTOR, type PublishedFigure } from "../figure.ts";
import type { HostSpec } from "../../../src/kvm/host-spec.ts";
import { machine, type MachineId } from "../machine.ts";
import { statOf, unitTest } from "../measure.ts";

type Test = "vmcall" | "cpuid" | "pio" | "mmio";

interface Rung {
  readonly id: string;
  /** What it changes of the rung above it. */
  readonly change: HostSpecPatch;
  readonly p50: Partial<Record<Test, number>>;
}

const RUNGS: readonly Rung[] = [
  {
    id: "base",
    change: {},
    p50: { vmcall: 4560, cpuid: 4540, pio: 25556, mmio: 30266 },
  },
  {
    id: "no-spectre-v2",
    change: { mitigations: { spectre_v2: "off", retbleed: "off", vmscape: "off" } },
    p50: { vmcall: 4056, cpuid: 4072, pio: 11392, mmio: 13848 },
  },
  { id: "mitigations-off", change: { mitigations: { all: "off" } }, p50: { vmcall: 3536, cpuid: 3548, pio: 8056, mmio: 10144 } },
  { id: "guest-off", change: { guests: { vm: { mitigations: "off" } } }, p50: { vmcall: 2486, cpuid: 2522, pio: 6888, mmio: 8848 } },
  { id: "no-vpmu", change: { guests: { vm: { vpmu: false } } }, p50: { vmcall: 2168, mmio: 8616 } },
  { id: "no-pku", change: { guests: { vm: { pku: false } } }, p50: { vmcall: 2162, mmio: 8516 } },
  { id: "no-apicv", change: { kvm: { enable_apicv: "off" } }, p50: { vmcall: 2090, mmio: 8550 } },
  { id: "no-ptimer", change: { kvm: { preemption_timer: "off" } }, p50: { vmcall: 2042, mmio: 8254 } },
  { id: "no-nohz-full", change: { cmdline: { nohz_full: false } }, p50: { vmcall: 1830, mmio: 7902 } },
];

let patch: HostSpecPatch = {};
/** Mean and p90 of the whole exit, beside its p50. */
const MOMENTS = { mean: 4559.7, p90: 4572 } as const;

const RUNG_FIGURES: readonly PublishedFigure[] = RUNGS.flatMap(({ id, change, p50 }) => {
  patch = mergePatch(patch, change);
  const spec = machine("skx-8160", patch);
  return (Object.entries(p50) as [Test, number][]).map(([test, published]) => ({
    id: `ladder ${id} ${test}`,
    published,
    unit: "cycles",
    grade: "read",
    within: ABSOLUTE_CYCLES,
    emulate: () => unitTest(spec, test).p50,
  }));
});

const base = machine("skx-8160");
export const LADDER: readonly PublishedFigure[] = [
  ...RUNG_FIGURES,
  ...(["mean", "p90"] as const).map((moment): PublishedFigure => ({
    id: `ladder base vmcall, ${moment}`,
    published: MOMENTS[moment],
    unit: "cycles",
    grade: "read",
    within: ABSOLUTE_CYCLES,
    emulate: () => unitTest(base, "vmcall")[moment],
  })),
];

const shape = (id: string, published: number, emulate: () => number): PublishedFigure => ({
  id: `shape ${id}`,
  published,
  unit: "ratio",
  grade: "read",
  within: SHAPE_FACTOR,
  emulate,
});
/** The last rung: the CPU is kept free of other tasks, and ticks. */
const ticking = machine("skx-8160", patch);
/** With all mitigations, on a CPU that is isolated in no way. */
const shared = machine("skx-8160", { cmdline: { nohz_full: false, isolcpus: false } });

const toMedian = (spec: HostSpec, test: Test, quantile: "p99" | "p999" | "max"): number =>
  unitTest(spec, test)[quantile] / unitTest(spec, test).p50;

/** Of a reason's handling times in perf's window: the standard error of their average times the root of their number. */
function variation(id: MachineId, seconds: number, reason: string): number {
  const exit = statOf(machine(id), seconds).exits.find((one) => one.reason === reason);
  return (exit?.avg_error ?? 0) * Math.sqrt(exit?.samples ?? 0);
}

export const SHAPES: readonly PublishedFigure[] = [
  shape("p99.9/p50 isolated", 4978 / 4560, () => toMedian(base, "vmcall", "p999")),
  shape("p99/p50 isolated", 4586 / 4560, () => toMedian(base, "vmcall", "p99")),
  shape("longest/p50 isolated", 314_320 / 4560, () => toMedian(base, "vmcall", "max")),
  shape("p99.9/p50 with isolcpus alone", 4968 / 1830, () => toMedian(ticking, "vmcall", "p999")),
  shape("p99/p50 of port I/O, not isolated (published 1.33 to 1.39)", 1.36, () => toMedian(shared, "pio", "p99")),
  shape("p99/p50 of MMIO, not isolated (published 1.33 to 1.39)", 1.36, () => toMedian(shared, "mmio", "p99")),
  shape("p99.9/p50 of MMIO, not isolated (published up to 1.63)", 1.63, () => toMedian(shared, "mmio", "p999")),
  shape("variation of MSR_WRITE", 0.3, () => variation("mix-desktop", 0.5, "MSR_WRITE")),
  shape("variation of PREEMPTION_TIMER (published 0.29 to 0.66)", Math.sqrt(0.29 * 0.66), () =>
    variation("mix-desktop", 0.5, "PREEMPTION_TIMER"),
  ),
  shape("variation of EXTERNAL_INTERRUPT (published from 0.66)", 0.66, () => variation("mix-memory", 2, "EXTERNAL_INTERRUPT")),
];
