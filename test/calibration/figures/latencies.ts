/** How late a timer's interrupt or an IPI is, and what switches change of it. */
import type { HostSpecPatch } from "../../../src/config/host-schema.ts";
import type { UnitTestName } from "../../../src/kvm/unit-tests.ts";
import { GAIN, type PublishedFigure, readCycles } from "../figure.ts";
import { machine, type MachineId } from "../machine.ts";
import { shortest, unitTest } from "../measure.ts";

/** Machines of 2016, before the mitigations, their CPUs unnamed: the Skylake stands in. */
const OF_2016: HostSpecPatch = {
  kernel: "linux-4.18",
  mitigations: { all: "off" },
  kvm: { lapic_timer_advance: "off" },
  guests: { vm: { mitigations: "off" } },
};
/** Kernel of 2026, the CPU unnamed; the bare kernel of the tests leaves SPEC_CTRL alone, so each entry writes it. */
const OF_2026: HostSpecPatch = { kernel: "linux-6.18", guests: { vm: { mitigations: "off" } } };
const HRTIMER: HostSpecPatch = { kvm: { preemption_timer: "off" } };
const IDLE_POLL: HostSpecPatch = { cmdline: { idle: "poll" }, kvm: { halt_poll: "off" } };
const SWAIT: HostSpecPatch = { ...OF_2016, kernel: "linux-5.7" };
const NO_IPIV: HostSpecPatch = { kvm: { enable_ipiv: "off" } };

const mean = (test: UnitTestName, id: MachineId, ...patches: readonly HostSpecPatch[]): number =>
  unitTest(machine(id, ...patches), test).mean;

const gain = (id: string, published: number, emulate: () => number, open?: string): PublishedFigure => ({
  id,
  published,
  unit: "ratio",
  grade: "read",
  within: GAIN,
  ...(open === undefined ? {} : { open }),
  emulate,
});

const WAKES = "a wake-up varied by an eighth, and takes the same time every time here";
const OLD_LOOP = "measured on Linux 4.7, whose run loop cost more round a preemption-timer exit; the oldest kernel here is 4.18";

/** Sources: ce7a058a2117, 8577370fb0cb, da4ad88cab58; "KVM: VMX: enable IPI virtualization v7"; "KVM: VMX APIC timer virtualization support v2" (2026-03-05). */
export const LATENCIES: readonly PublishedFigure[] = [
  readCycles("tscdeadline_latency_busy by an hrtimer, 2016", 3200, () => mean("tscdeadline_latency_busy", "skx-2500", OF_2016, HRTIMER)),
  readCycles(
    "preemption timer instead of an hrtimer, busy guest, cycles",
    -800,
    () => mean("tscdeadline_latency_busy", "skx-2500", OF_2016) - mean("tscdeadline_latency_busy", "skx-2500", OF_2016, HRTIMER),
    OLD_LOOP,
  ),
  gain(
    "preemption timer instead of an hrtimer, busy guest",
    -0.25,
    () => mean("tscdeadline_latency_busy", "skx-2500", OF_2016) / mean("tscdeadline_latency_busy", "skx-2500", OF_2016, HRTIMER) - 1,
    OLD_LOOP,
  ),
  readCycles("tscdeadline_latency by an hrtimer, 2016, KVM polls", 3200, () => mean("tscdeadline_latency", "skx-2500", OF_2016, HRTIMER)),
  gain(
    "preemption timer instead of an hrtimer, guest halts",
    20 / 3200,
    () => mean("tscdeadline_latency", "skx-2500", OF_2016) / mean("tscdeadline_latency", "skx-2500", OF_2016, HRTIMER) - 1,
  ),
  readCycles(
    "tscdeadline_latency, idle=poll, 2016, shortest",
    5150,
    () => shortest(machine("skx-2500", OF_2016, HRTIMER, IDLE_POLL), "tscdeadline_latency"),
    WAKES,
  ),
  readCycles("tscdeadline_latency, idle=poll, 2016", 5820, () => mean("tscdeadline_latency", "skx-2500", OF_2016, HRTIMER, IDLE_POLL)),
  gain(
    "rcuwait instead of swait, guest halts (published -15 to -20 %)",
    -0.175,
    () =>
      mean("tscdeadline_latency", "skx-2500", SWAIT, IDLE_POLL, { patches: ["rcuwait"] }) /
        mean("tscdeadline_latency", "skx-2500", SWAIT, IDLE_POLL) -
      1,
  ),
  gain(
    "APIC-timer virtualization, busy guest",
    -0.61,
    () =>
      mean("tscdeadline_latency_busy", "spr-class", OF_2026, { kvm: { apic_timer_virt: true } }) /
        mean("tscdeadline_latency_busy", "spr-class", OF_2026) -
      1,
  ),
  readCycles("ipi_spin without IPI virtualization", 4337.85, () => mean("ipi_spin", "spr-class", NO_IPIV)),
  readCycles("ipi_spin with IPI virtualization", 3644.8, () => mean("ipi_spin", "spr-class")),
  gain("IPI virtualization", 3644.8 / 4337.85 - 1, () => mean("ipi_spin", "spr-class") / mean("ipi_spin", "spr-class", NO_IPIV) - 1),
];
