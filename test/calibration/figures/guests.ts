/** What a guest's own threads see: latency of a wake-up, and a request's round trip. */
import type { HostSpecPatch } from "../../../src/config/host-schema.ts";
import type { UnitTestName } from "../../../src/kvm/unit-tests.ts";
import { ABSOLUTE_CYCLES, type PublishedFigure } from "../figure.ts";
import { machine, type MachineId } from "../machine.ts";
import { unitTest } from "../measure.ts";

interface Row {
  readonly id: string;
  readonly test: UnitTestName;
  readonly on: MachineId;
  readonly with: readonly HostSpecPatch[];
  readonly published: number;
}

const ADVANCE: HostSpecPatch = { kvm: { lapic_timer_advance: "adaptive" } };
const SLOW: HostSpecPatch = { fastpath: { tsc_deadline: "off", preemption_timer: "off" } };

/** Sources: Wanpeng Li, timer fastpaths v1 (2020-04-21); aca6ff29c406. */
const ROWS: readonly Row[] = [
  { id: "fast", test: "cyclictest", on: "skx-2500", with: [ADVANCE], published: 4559.25 },
  { id: "slow", test: "cyclictest", on: "skx-2500", with: [ADVANCE, SLOW], published: 5632.75 },
  { id: "no polling", test: "tcp_rr", on: "haswell-2015", with: [{ kvm: { halt_poll: "off" } }], published: 34_000 },
  { id: "always", test: "tcp_rr", on: "haswell-2015", with: [{ kvm: { halt_poll: "always" } }], published: 27_000 },
  { id: "adaptive", test: "tcp_rr", on: "haswell-2015", with: [], published: 26_700 },
];

export const GUESTS: readonly PublishedFigure[] = ROWS.map(({ id, test, on, with: patches, published }) => ({
  id: `${test}, ${id}`,
  published,
  unit: "ns",
  grade: "read",
  within: ABSOLUTE_CYCLES,
  emulate: () => unitTest(machine(on, ...patches), test).mean,
}));
