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
  readonly open?: string;
}

const ADVANCE: HostSpecPatch = { kvm: { lapic_timer_advance: "adaptive" } };
const SLOW: HostSpecPatch = { fastpath: { tsc_deadline: "off", preemption_timer: "off" } };
/** The machine of 2015 is unnamed. Assumed: a Haswell before the mitigations, polling at most 500 us as KVM did then, C1 at most. */
const OF_2015: HostSpecPatch = {
  cstates: "c1",
  mitigations: { all: "off" },
  kvm: { halt_poll_ns: 500_000 },
  guests: { vm: { mitigations: "off", vpmu: false, pku: false } },
};

const COLD = "an exit costs more after a sleep than in a loop of exits, and that is missing";
const WAKE = "waking a thread of the host is not calibrated";

/** Sources: Wanpeng Li, timer fastpaths v1 (2020-04-21); aca6ff29c406. */
const ROWS: readonly Row[] = [
  { id: "fast", test: "cyclictest", on: "skx-2500", with: [ADVANCE], published: 4559.25 },
  { id: "slow", test: "cyclictest", on: "skx-2500", with: [ADVANCE, SLOW], published: 5632.75, open: COLD },
  { id: "no polling", test: "tcp_rr", on: "haswell-2018", with: [OF_2015, { kvm: { halt_poll: "off" } }], published: 34_000, open: WAKE },
  { id: "always", test: "tcp_rr", on: "haswell-2018", with: [OF_2015, { kvm: { halt_poll: "always" } }], published: 27_000, open: WAKE },
  { id: "adaptive", test: "tcp_rr", on: "haswell-2018", with: [OF_2015], published: 26_700, open: WAKE },
];

export const GUESTS: readonly PublishedFigure[] = ROWS.map(({ id, test, on, with: patches, published, open }) => ({
  id: `${test}, ${id}`,
  published,
  unit: "ns",
  grade: "read",
  within: ABSOLUTE_CYCLES,
  ...(open === undefined ? {} : { open }),
  emulate: () => unitTest(machine(on, ...patches), test).mean,
}));
