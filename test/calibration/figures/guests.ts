/** What a guest's own threads see: latency of a wake-up, and a request's round trip. */
import type { HostSpecPatch } from "../../../src/config/host-schema.ts";
import type { UnitTestName } from "../../../src/kvm/unit-tests.ts";
import { ABSOLUTE_CYCLES, GAIN, type PublishedFigure } from "../figure.ts";
import { machine, type MachineId } from "../machine.ts";
import { unitTest } from "../measure.ts";

interface Row {
  readonly id: string;
  readonly test: UnitTestName;
  readonly on: MachineId;
  readonly with: readonly HostSpecPatch[];
  readonly published: number;
  readonly open?: string;
}

const ADVANCE: HostSpecPatch = { kvm: { lapic_timer_advance: "adaptive" } };
const SLOW: HostSpecPatch = { fastpath: { tsc_deadline: "off", preemption_timer: "off" } };
const EVENLY =
  "after a sleep the slow path's own code is colder than what it has in common with the fastpath; here all of KVM is equally cold";

/** Sources: Wanpeng Li, timer fastpaths v1 (2020-04-21); aca6ff29c406. */
const ROWS: readonly Row[] = [
  { id: "fast", test: "cyclictest", on: "skx-2500", with: [ADVANCE], published: 4559.25 },
  { id: "slow", test: "cyclictest", on: "skx-2500", with: [ADVANCE, SLOW], published: 5632.75 },
  { id: "no polling", test: "tcp_rr", on: "haswell-2015", with: [{ kvm: { halt_poll: "off" } }], published: 34_000 },
  { id: "always", test: "tcp_rr", on: "haswell-2015", with: [{ kvm: { halt_poll: "always" } }], published: 27_000 },
  { id: "adaptive", test: "tcp_rr", on: "haswell-2015", with: [], published: 26_700 },
];

interface Gain {
  readonly id: string;
  /** Ids of two rows of one test: without and with it. */
  readonly from: string;
  readonly to: string;
  readonly test: UnitTestName;
  readonly open?: string;
}

const GAINS: readonly Gain[] = [
  { id: "gain of the fastpaths", from: "slow", to: "fast", test: "cyclictest", open: EVENLY },
  { id: "gain of polling always", from: "no polling", to: "always", test: "tcp_rr" },
  { id: "gain of adaptive polling", from: "no polling", to: "adaptive", test: "tcp_rr" },
];

const rowOf = (test: UnitTestName, id: string): Row => ROWS.find((row) => row.test === test && row.id === id)!;
const emulated = ({ test, on, with: patches }: Row): number => unitTest(machine(on, ...patches), test).mean;

const GUEST_GAINS: readonly PublishedFigure[] = GAINS.map(({ id, from, to, test, open }) => {
  const [before, after] = [rowOf(test, from), rowOf(test, to)];
  return {
    id: `${test}, ${id}`,
    published: after.published / before.published - 1,
    unit: "ratio",
    grade: "derived",
    within: GAIN,
    ...(open === undefined ? {} : { open }),
    emulate: () => emulated(after) / emulated(before) - 1,
  };
});

const GUEST_TIMES: readonly PublishedFigure[] = ROWS.map((row) => {
  const { id, test, published, open } = row;
  return {
    id: `${test}, ${id}`,
    published,
    unit: "ns",
    grade: "read",
    within: ABSOLUTE_CYCLES,
    ...(open === undefined ? {} : { open }),
    emulate: () => emulated(row),
  };
});

export const GUESTS: readonly PublishedFigure[] = [...GUEST_TIMES, ...GUEST_GAINS];
