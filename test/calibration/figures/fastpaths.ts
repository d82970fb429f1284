/** The fastpaths' own cover letters and their kin: kvm-unit-tests on a Skylake of 2.5 GHz. */
import type { HostSpecPatch } from "../../../src/config/host-schema.ts";
import type { UnitTestName } from "../../../src/kvm/unit-tests.ts";
import { readCycles, GAIN, type PublishedFigure } from "../figure.ts";
import { machine } from "../machine.ts";
import { unitTest } from "../measure.ts";

const NO_ADVANCE: HostSpecPatch = { kvm: { lapic_timer_advance: "off" } };
const SLOW: HostSpecPatch = { fastpath: { tsc_deadline: "off", preemption_timer: "off" } };

interface Row {
  readonly id: string;
  readonly test: UnitTestName;
  readonly published: number;
  readonly on: readonly HostSpecPatch[];
  readonly open?: string;
}

const UNMERGED = "series v1 injected inside the inner loop without APICv, too; what was merged leaves the loop";

/** Sources: Wanpeng Li, timer fastpaths v1 (2020-04-21), IPI fastpath v2 (2020-04-10), 3b8a5df6c4dc. */
const ROWS: readonly Row[] = [
  { id: "slow", test: "tscdeadline_immed", published: 2919, on: [NO_ADVANCE, SLOW] },
  { id: "fast", test: "tscdeadline_immed", published: 2467.75, on: [NO_ADVANCE] },
  { id: "slow", test: "tscdeadline", published: 5661.75, on: [NO_ADVANCE, SLOW] },
  { id: "fast", test: "tscdeadline", published: 5188.25, on: [NO_ADVANCE] },
  { id: "slow, series v4", test: "tscdeadline_immed", published: 3028.5, on: [NO_ADVANCE, SLOW] },
  { id: "fast, series v4", test: "tscdeadline_immed", published: 2494.75, on: [NO_ADVANCE] },
  { id: "slow, series v4", test: "tscdeadline", published: 5765.7, on: [NO_ADVANCE, SLOW] },
  { id: "fast, series v4", test: "tscdeadline", published: 5285, on: [NO_ADVANCE] },
  { id: "slow, APICv off", test: "tscdeadline_immed", published: 4780.75, on: [NO_ADVANCE, SLOW, { kvm: { enable_apicv: "off" } }] },
  { id: "fast, APICv off", test: "tscdeadline_immed", published: 3851, on: [NO_ADVANCE, { kvm: { enable_apicv: "off" } }], open: UNMERGED },
  { id: "no fastpath", test: "ipi", published: 4238, on: [NO_ADVANCE, { kernel: "linux-5.4" }] },
  { id: "fastpath of 5.5", test: "ipi", published: 3543, on: [NO_ADVANCE, { kernel: "linux-5.5" }] },
  { id: "fastpath of 5.8", test: "ipi", published: 3293, on: [NO_ADVANCE] },
  {
    id: "preemption_timer=N",
    test: "tscdeadline_latency",
    published: 5700,
    on: [NO_ADVANCE, { kernel: "linux-4.18", kvm: { preemption_timer: "off" } }],
  },
  { id: "no advance", test: "tscdeadline_latency_busy", published: 2600, on: [NO_ADVANCE, { kernel: "linux-4.18" }] },
  {
    id: "automatic advance",
    test: "tscdeadline_latency_busy",
    published: 1200,
    on: [{ kernel: "linux-4.18", kvm: { lapic_timer_advance: "adaptive" } }],
  },
];

interface Gain {
  readonly test: UnitTestName;
  readonly of: string;
  /** Without and with it, as published. */
  readonly published: readonly [number, number];
  readonly on: readonly [readonly HostSpecPatch[], readonly HostSpecPatch[]];
}

const TIMERS = [[NO_ADVANCE, SLOW], [NO_ADVANCE]] as const;
const BEFORE_5_5: readonly HostSpecPatch[] = [NO_ADVANCE, { kernel: "linux-5.4" }];
const GAINS: readonly Gain[] = [
  { test: "tscdeadline_immed", of: "the fastpaths", published: [2919, 2467.75], on: TIMERS },
  { test: "tscdeadline_immed", of: "the fastpaths, series v4", published: [3028.5, 2494.75], on: TIMERS },
  { test: "tscdeadline", of: "the fastpaths", published: [5661.75, 5188.25], on: TIMERS },
  { test: "tscdeadline", of: "the fastpaths, series v4", published: [5765.7, 5285], on: TIMERS },
  { test: "ipi", of: "the fastpath of 5.5", published: [4238, 3543], on: [BEFORE_5_5, [NO_ADVANCE, { kernel: "linux-5.5" }]] },
  { test: "ipi", of: "the fastpath of 5.8", published: [4238, 3293], on: [BEFORE_5_5, [NO_ADVANCE]] },
];

const mean = (test: UnitTestName, on: readonly HostSpecPatch[]): number => unitTest(machine("skx-2500", ...on), test).mean;

const FASTPATH_GAINS: readonly PublishedFigure[] = GAINS.map(({ test, of, published: [before, after], on: [without, with_] }) => ({
  id: `${test}, gain of ${of}`,
  published: after / before - 1,
  unit: "ratio",
  grade: "derived",
  within: GAIN,
  emulate: () => mean(test, with_) / mean(test, without) - 1,
}));

const FASTPATH_CYCLES: readonly PublishedFigure[] = ROWS.map(({ id, test, published, on, open }) =>
  readCycles(`${test}, ${id}`, published, () => mean(test, on), open),
);

export const FASTPATHS: readonly PublishedFigure[] = [...FASTPATH_CYCLES, ...FASTPATH_GAINS];
