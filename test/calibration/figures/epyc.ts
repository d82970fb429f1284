/** What has been published of AMD hosts: a loop of KVM_RUN, and Linux' IPI microbenchmark in a VM of 180 vCPUs. */
import { componentIndex } from "../../../src/cost/components.ts";
import { OP } from "../../../src/guest/program.ts";
import { IpiSender, IpiTarget } from "../../../src/guest/unit-tests/ipi.ts";
import { Samples } from "../../../src/guest/unit-tests/samples.ts";
import type { HostSpecPatch } from "../../../src/config/host-schema.ts";
import { KIND } from "../../../src/kvm/exit-kinds.ts";
import { KvmHost } from "../../../src/kvm/host.ts";
import { resolveHost } from "../../../src/kvm/resolve.ts";
import { ABSOLUTE_CYCLES, GAIN, type PublishedFigure } from "../figure.ts";
import { machine } from "../machine.ts";

/** Cycles of an exit that does nothing, by component. */
function emptyExit(component: "hardware" | "run_loop"): number {
  const [vcpu] = new KvmHost(resolveHost(machine("epyc-unnamed")), 1).vcpus;
  return vcpu!.costs[KIND.vmcall]!.components[componentIndex(component)]!;
}

/**
 * Per target, the guest queues a call on another CPU's list: two cache lines that were last written
 * over there. Assumed to be half of what the benchmark takes per target; KVM's ipiTarget is the other.
 */
const QUEUE_CYCLES = 740;
const BENCHMARK_ITERATIONS = 1e5;

/** Seconds that 1e5 broadcasts to 179 vCPUs take, all sent by the shorthand, as Linux does from 5.4 on. */
function broadcastSeconds(apic: "xapic" | "x2apic"): number {
  const guests: HostSpecPatch["guests"] = { vm: { apic } };
  const resolved = resolveHost(machine("rome", { guests }));
  const samples = new Samples(100, 10);
  const host = new KvmHost(resolved, 1, ({ cpus }) => {
    const targets = cpus.length - 1;
    const sender = new IpiSender([{ op: OP.ipiShorthand, operand: 0, compute: targets * QUEUE_CYCLES }], targets, samples);
    return [sender, ...Array.from({ length: targets }, () => new IpiTarget(sender, 0, true))];
  });
  for (let until = 1e7; !samples.full; until += 1e7) host.advance(until);
  const mean = samples.values.reduce((sum, value) => sum + value, 0) / samples.values.length;
  return (mean / resolved.tscHz) * BENCHMARK_ITERATIONS;
}

export const EPYC: readonly PublishedFigure[] = [
  {
    id: "KVM_RUN in a loop, VMRUN to #VMEXIT",
    published: 1360,
    unit: "cycles",
    grade: "read",
    within: ABSOLUTE_CYCLES,
    emulate: () => emptyExit("hardware"),
  },
  {
    id: "KVM_RUN in a loop, the rest of it",
    published: 576 + 576,
    unit: "cycles",
    grade: "read",
    within: ABSOLUTE_CYCLES,
    open: "the system call itself is in it, which an exit that KVM handles does not make",
    emulate: () => emptyExit("run_loop"),
  },
  ...(["xapic", "x2apic"] as const).map((apic): PublishedFigure => ({
    id: `IPI microbenchmark, 180 vCPUs, broadcast, ${apic}`,
    published: { xapic: 12.3139, x2apic: 13.074 }[apic],
    unit: "seconds",
    grade: "read",
    within: ABSOLUTE_CYCLES,
    emulate: () => broadcastSeconds(apic),
  })),
  {
    id: "IPI microbenchmark, 180 vCPUs, broadcast, x2apic instead of xapic",
    published: 13.074 / 12.3139 - 1,
    unit: "ratio",
    grade: "derived",
    within: GAIN,
    open: "one broadcast is one exit either way, and why the x2APIC's should be the dearer one its mail does not say",
    emulate: () => broadcastSeconds("x2apic") / broadcastSeconds("xapic") - 1,
  },
];
