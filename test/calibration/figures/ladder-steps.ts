/** What each step of the ladder takes away, as its source adds it up: differences of two measured exits. */
import type { HostSpecPatch } from "../../../src/config/host-schema.ts";
import { mergePatch } from "../../../src/config/merge.ts";
import { componentIndex } from "../../../src/cost/components.ts";
import { OP } from "../../../src/guest/program.ts";
import { Bystander, ExitLoop } from "../../../src/guest/unit-tests/exit-loop.ts";
import { Samples } from "../../../src/guest/unit-tests/samples.ts";
import { KIND } from "../../../src/kvm/exit-kinds.ts";
import { KvmHost } from "../../../src/kvm/host.ts";
import type { HostSpec } from "../../../src/kvm/host-spec.ts";
import { resolveHost } from "../../../src/kvm/resolve.ts";
import type { UnitTestName } from "../../../src/kvm/unit-tests.ts";
import { ABSOLUTE_CYCLES, type PublishedFigure } from "../figure.ts";
import { machine } from "../machine.ts";
import { unitTest } from "../measure.ts";

const OFF: HostSpecPatch = { mitigations: { all: "off" } };
const GUEST_OFF = mergePatch(OFF, { guests: { vm: { mitigations: "off" } } });
const NO_VPMU = mergePatch(GUEST_OFF, { guests: { vm: { vpmu: false } } });
const NO_PKU = mergePatch(NO_VPMU, { guests: { vm: { pku: false } } });
const NO_APICV = mergePatch(NO_PKU, { kvm: { enable_apicv: "off" } });
const NO_PTIMER = mergePatch(NO_APICV, { kvm: { preemption_timer: "off" } });
const BARE = mergePatch(NO_PTIMER, { cmdline: { nohz_full: false } });
const NO_SPECTRE_V2: HostSpecPatch = { mitigations: { spectre_v2: "off", retbleed: "off", vmscape: "off" } };

const host = (patch: HostSpecPatch): HostSpec => machine("skx-8160", patch);
const p50 = (patch: HostSpecPatch, test: UnitTestName): number => unitTest(host(patch), test).p50;

/** The world switch alone: no hypervisor's loop is as bare as the source's, so it is the component of that name. */
function worldSwitch(): number {
  const [vcpu] = new KvmHost(resolveHost(host(BARE)), 1).vcpus;
  return vcpu!.costs[KIND.vmcall]!.components[componentIndex("hardware")]!;
}

/** Cycles of a write of a deadline so far ahead: the preemption timer takes one of 2^30 cycles, for 2^40 it takes an hrtimer. */
function writeOf(ahead: number, patch: HostSpecPatch): number {
  const samples = new Samples(100, 10);
  const emulated = new KvmHost(resolveHost(host(patch)), 1, ({ cpus }) =>
    cpus.map((_cpu, index) => (index === 0 ? new ExitLoop(OP.tscDeadline, samples, (now) => now + ahead) : new Bystander())),
  );
  for (let until = 1e6; !samples.full; until += 1e6) emulated.advance(until);
  return samples.values.reduce((sum, value) => sum + value, 0) / samples.values.length;
}

/** What cancelling and arming an hrtimer takes more than the preemption timer, on the same path. */
const hrtimer = (): number => writeOf(2 ** 40, OFF) - writeOf(2 ** 30, OFF);

const step = (what: string, published: number, emulate: () => number): PublishedFigure => ({
  id: `ladder, ${what}`,
  published,
  unit: "cycles",
  grade: what === "the world switch" ? "read" : "derived",
  within: ABSOLUTE_CYCLES,
  emulate,
});

const between = (what: string, published: number, from: HostSpecPatch, to: HostSpecPatch, test: UnitTestName = "vmcall"): PublishedFigure =>
  step(what, published, () => p50(from, test) - p50(to, test));

export const LADDER_STEPS: readonly PublishedFigure[] = [
  step("the world switch", 676, worldSwitch),
  step("KVM's loop", 1154, () => p50(BARE, "vmcall") - worldSwitch()),
  between("nohz_full", 212, NO_PTIMER, BARE),
  between("the preemption timer's load", 48, NO_APICV, NO_PTIMER),
  between("APICv's sync", 72, NO_PKU, NO_APICV),
  between("PKU", 6, NO_VPMU, NO_PKU),
  between("an exposed vPMU", 318, GUEST_OFF, NO_VPMU),
  between("a guest that uses SPEC_CTRL", 1050, OFF, GUEST_OFF),
  between("VERW and the rest", 520, NO_SPECTRE_V2, OFF),
  between("IBRS and RSB", 504, {}, NO_SPECTRE_V2),
  between("page-table isolation, on a hop to QEMU", 440, {}, { mitigations: { meltdown: "off" } }, "pio"),
  between("the conditional L1D flush, on a hop to QEMU", 2076, {}, { mitigations: { l1tf: "off" } }, "pio"),
  step("an hrtimer's cancelling and arming", 500, hrtimer),
  {
    ...step("an hrtimer's share of an exit that re-arms it", 0.13, () => hrtimer() / writeOf(2 ** 40, OFF)),
    unit: "ratio",
    grade: "read",
    within: { points: 0.025 },
  },
];
