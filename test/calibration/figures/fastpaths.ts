/** The fastpaths' own cover letters and their kin: kvm-unit-tests on a Skylake of 2.5 GHz. */
import type { HostSpecPatch } from "../../../src/config/host-schema.ts";
import type { UnitTestName } from "../../../src/kvm/unit-tests.ts";
import { ABSOLUTE_CYCLES, type PublishedFigure } from "../figure.ts";
import { machine } from "../machine.ts";
import { unitTest } from "../measure.ts";

const NO_ADVANCE: HostSpecPatch = { kvm: { lapic_timer_advance: "off" } };
const SLOW: HostSpecPatch = { fastpath: { tsc_deadline: "off", preemption_timer: "off" } };

interface Row {
  readonly id: string;
  readonly test: UnitTestName;
  readonly published: number;
  readonly on: readonly HostSpecPatch[];
}

/** Sources: Wanpeng Li, timer fastpaths v1 (2020-04-21), IPI fastpath v2 (2020-04-10), 3b8a5df6c4dc. */
const ROWS: readonly Row[] = [
  { id: "slow", test: "tscdeadline_immed", published: 2919, on: [NO_ADVANCE, SLOW] },
  { id: "fast", test: "tscdeadline_immed", published: 2467.75, on: [NO_ADVANCE] },
  { id: "slow", test: "tscdeadline", published: 5661.75, on: [NO_ADVANCE, SLOW] },
  { id: "fast", test: "tscdeadline", published: 5188.25, on: [NO_ADVANCE] },
  { id: "slow, APICv off", test: "tscdeadline_immed", published: 4780.75, on: [NO_ADVANCE, SLOW, { kvm: { enable_apicv: "off" } }] },
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

export const FASTPATHS: readonly PublishedFigure[] = ROWS.map(({ id, test, published, on }) => ({
  id: `${test}, ${id}`,
  published,
  unit: "cycles",
  grade: "read",
  within: ABSOLUTE_CYCLES,
  emulate: () => unitTest(machine("skx-2500", ...on), test).mean,
}));
