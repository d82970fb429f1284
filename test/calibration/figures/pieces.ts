/** Pieces of exits that were timed one by one, each on a host of its own. */
import type { HostSpecPatch } from "../../../src/config/host-schema.ts";
import type { Component } from "../../../src/cost/components.ts";
import { componentIndex } from "../../../src/cost/components.ts";
import { Bystander } from "../../../src/guest/unit-tests/exit-loop.ts";
import { SelfIpi } from "../../../src/guest/unit-tests/ipi.ts";
import { Samples } from "../../../src/guest/unit-tests/samples.ts";
import { cellOf, KIND, type ExitKindName } from "../../../src/kvm/exit-kinds.ts";
import { KvmHost } from "../../../src/kvm/host.ts";
import type { HostSpec } from "../../../src/kvm/host-spec.ts";
import { resolveHost } from "../../../src/kvm/resolve.ts";
import { GAIN, SHAPE_FACTOR, type PublishedFigure, readCycles } from "../figure.ts";
import { machine } from "../machine.ts";
import { statOf, unitTest } from "../measure.ts";

/** Cycles of an exit, as its component shows them. */
function component(spec: HostSpec, kind: ExitKindName, name: Component): number {
  const [vcpu] = new KvmHost(resolveHost(spec), 1).vcpus;
  return vcpu!.costs[KIND[kind]]!.components[componentIndex(name)]!;
}

/** From the end of the wait for a timer fired early to the world switch: what "KVM: LAPIC: Optimize timer latency further" takes out. */
function waitToSwitch(): number {
  const [vcpu] = new KvmHost(resolveHost(machine("haswell-2018", { guests: { vm: { vpmu: false } } })), 1).vcpus;
  const { afterWait, switchOut } = vcpu!.costs[KIND.preemptionTimerSlow]!;
  // The way in takes as long as the way out.
  return afterWait - switchOut;
}

/** Two VMs take turns on one CPU: what the barrier between them adds to the exit at which they change. */
function barrier(): number {
  const vm = { vcpus: 1, workload: "packets", placement: "2", dedicated: false } as const;
  const host = new KvmHost(resolveHost(machine("haswell-2018", { guests: { vm: null, a: vm, b: vm } })), 1);
  let most = 0;
  host.observe((vcpu) => (most = Math.max(most, vcpu.barrierCycles)));
  host.advance(2.5e8);
  return most;
}

/** Neither machine nor guest of the mails of 2024-12 was named. Assumed: the youngest server here, its clock boosted, and a guest without vPMU. */
const OF_2024: HostSpecPatch = { kernel: "linux-6.12", turbo: true, guests: { vm: { kernel: "linux-6.12", vpmu: false } } };

/** A self-IPI's exit with APICv off: what it takes beyond its handler's path, which kicks nobody. */
function selfKick(): number {
  const samples = new Samples(10, 0);
  const resolved = resolveHost(machine("icx", { kvm: { enable_apicv: "off" } }));
  const host = new KvmHost(resolved, 1, ({ cpus }) => cpus.map((_cpu, index) => (index === 0 ? new SelfIpi(samples) : new Bystander())));
  let extra = 0;
  host.observe((vcpu, kind, total) => {
    if (cellOf(kind, "intel").msr === "other") extra = total - vcpu.cost!.total - vcpu.noise;
  });
  for (let until = 1e6; !samples.full; until += 1e6) host.advance(until);
  return extra;
}

const KICK = "disputed on the list; tscdeadline_immed without APICv kicks in the same way and leaves no room for it";
const SCALE = "Haswell's share of Skylake's cycles is assumed, and this is a desktop's";

/** KVM in one module, so without pointers to VMX' functions (2019): two digits of percent of an exit, "about 1 %" without retpolines. */
const RETPOLINES: readonly PublishedFigure[] = [
  { when: "by default", published: -0.1, spectre: "auto" } as const,
  { when: "with spectre_v2=off", published: -0.01, spectre: "off" } as const,
].map(({ when, published, spectre }) => ({
  id: `CPUID without indirect calls to VMX, ${when}`,
  published,
  unit: "ratio",
  grade: "read",
  within: GAIN,
  emulate: () => {
    const cpuid = (patch: HostSpecPatch): number =>
      unitTest(machine("skx-2500", { kernel: "linux-5.4", mitigations: { spectre_v2: spectre } }, patch), "cpuid").p50;
    return cpuid({ patches: ["static-calls"] }) / cpuid({}) - 1;
  },
}));

/** Sources: kvm list mails of early 2018 (Haswell), about PBRSB, of 2024-12 (CPUID); "vCPU kick tax cut" v2 3/3; aca6ff29c406; 4180bf1b655a. */
export const PIECES: readonly PublishedFigure[] = [
  readCycles("clearing the RSB with LFENCE (PBRSB)", 18, () => component(machine("icx", { kernel: "linux-6.1" }), "vmcall", "rsb")),
  // Legacy IBRS writes the MSR once an exit, when the guest runs with the same value.
  readCycles("a write of SPEC_CTRL, Haswell", 253, () =>
    component(machine("haswell-2018", { mitigations: { spectre_v2: "ibrs", spec_ctrl_toggle: "off" } }), "vmcall", "spec_ctrl"),
  ),
  readCycles("an IBPB, Haswell", 4212, barrier),
  {
    ...readCycles("CPUID on a current kernel (published 1018 to 1098)", 1058, () => unitTest(machine("spr-class", OF_2024), "cpuid").p50),
    // Five percent beyond either end.
    within: { relative: 0.09 },
  },
  ...RETPOLINES,
  readCycles("from the end of the early timer's wait to the world switch, Haswell", 700, waitToSwitch, SCALE),
  readCycles("a kick of the running vCPU itself without posted interrupts, Ice Lake", 600, selfKick, KICK),
  {
    ...readCycles("an idle tickless vCPU without polling, share of time in C0", 0.0015, () => {
      return statOf(machine("haswell-2015", { kvm: { halt_poll: "off" }, guests: { vm: { vcpus: 1 } } }), 20).c0_share;
    }),
    unit: "ratio",
    within: SHAPE_FACTOR,
  },
];
