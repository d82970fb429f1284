/**
 * Broadcast IPIs to the 79 other vCPUs of one VM on a Skylake of 2.5 GHz with 80 threads, in the ways
 * that a guest kernel of 2018 has: KVM: X86: Implement PV IPIs send hypercall (4180bf1b655a).
 */
import type { GuestSpec } from "../../../src/kvm/host-spec.ts";
import { ABSOLUTE_CYCLES, type PublishedFigure } from "../figure.ts";
import { machine } from "../machine.ts";
import { unitTest } from "../measure.ts";

const GHZ = 2.5;
const SHARE = "one figure for what a further target takes, whether it is reached by a hypercall, by its cluster or by an exit of its own";

interface Row {
  readonly way: string;
  readonly apic: GuestSpec["apic"];
  readonly pvIpi: boolean;
  readonly us: number;
}

const ROWS: readonly Row[] = [
  { way: "PV send-IPI", apic: "x2apic", pvIpi: true, us: 76 },
  { way: "x2APIC cluster", apic: "x2apic-cluster", pvIpi: false, us: 92.8 },
  { way: "x2APIC physical", apic: "x2apic", pvIpi: false, us: 198 },
];

export const BROADCASTS: readonly PublishedFigure[] = ROWS.map(({ way, apic, pvIpi, us }) => ({
  id: `IPI microbenchmark, 80 vCPUs, broadcast, ${way}`,
  published: us * 1000 * GHZ,
  unit: "cycles",
  grade: "derived",
  within: ABSOLUTE_CYCLES,
  open: SHARE,
  emulate: () => {
    const vm = { vcpus: 80, apic, pv: { ipi: pvIpi } };
    return unitTest(machine("skx-2500", { kernel: "linux-4.18", guests: { vm } }), "ipi_broadcast").mean;
  },
}));
