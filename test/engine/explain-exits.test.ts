import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type ExplainedExit, explainExits } from "../../src/kvm/explain-exits.ts";
import { resolveHost } from "../../src/kvm/resolve.ts";
import type { ResolvedGuest } from "../../src/kvm/resolved.ts";
import { runUnitTest } from "../../src/kvm/vmexit.ts";
import { arbitrarySpec } from "../support/arbitrary-spec.ts";
import { type HostOverrides, hostSpec } from "../support/host-spec.ts";

function exitsOf(overrides: HostOverrides): readonly ExplainedExit[] {
  const host = resolveHost(hostSpec(overrides));
  return explainExits(host, host.guests[0] as ResolvedGuest);
}

const find = (overrides: HostOverrides, operation: string): ExplainedExit =>
  exitsOf(overrides).find((one) => one.operation === operation) as ExplainedExit;
const words = ({ exit }: ExplainedExit): string =>
  exit === null ? "no exit" : [exit.reason, exit.msr, exit.path].filter(Boolean).join(" ");

const TIMER = "timer expires while the guest computes";

describe("an explanation of exits", () => {
  it.each([
    ["the preemption timer's fastpath", {}, "PREEMPTION_TIMER fastpath"],
    ["its handler where the kernel lacks that", { kernel: "rhel-8.2" }, "PREEMPTION_TIMER kernel"],
    ["an hrtimer's interrupt without the preemption timer", { kvm: { preemption_timer: "off" } }, "EXTERNAL_INTERRUPT kernel"],
    [
      "nothing where a housekeeping CPU posts",
      { cpu_pm: true, cmdline: { nohz_full: "2-63" }, guests: { web: { placement: "isolated" } } },
      "no exit",
    ],
  ] as const)("knows that a timer expires by %s", (_, overrides, exit) => {
    expect(words(find(overrides, TIMER))).toBe(exit);
  });

  it("knows when HLT, IPIs and EOIs exit", () => {
    expect(words(find({}, "HLT"))).toBe("HLT kernel");
    expect(words(find({ cpu_pm: true }, "HLT"))).toBe("no exit");
    expect(words(find({ cpu: "sapphire-rapids", kernel: "linux-6.18" }, "IPI to one other vCPU"))).toBe("no exit");
    expect(words(find({}, "end of an edge-triggered interrupt"))).toBe("no exit");
    expect(words(find({ kvm: { enable_apicv: "off" }, guests: { web: { pv: NO_PV } } }, "end of an edge-triggered interrupt"))).toBe(
      "MSR_WRITE eoi kernel",
    );
  });

  it.each(["cpuid", "vmcall", "pio", "mmio"] as const)("agrees with what vmexit measures: %s", (test) => {
    const operation = { cpuid: "CPUID", vmcall: "hypercall", pio: "port of a device in QEMU", mmio: "memory of a device in QEMU" }[test];
    const { cycles } = find({ kernel: "linux-6.8" }, operation);
    const { p50 } = runUnitTest(hostSpec({ kernel: "linux-6.8" }), test, 1);
    // RDTSC and the noise of the body come on top.
    expect(Math.abs(p50 - cycles)).toBeLessThan(0.03 * p50);
  });

  it("has pieces that add up, on any host", () => {
    fc.assert(
      fc.property(arbitrarySpec, (spec) => {
        const host = resolveHost(spec);
        for (const { cycles, components, exit } of host.guests.slice(0, 1).flatMap((guest) => explainExits(host, guest))) {
          expect(Object.values(components).reduce((sum, part) => sum + part, 0)).toBe(cycles);
          expect(cycles > 0).toBe(exit !== null);
        }
      }),
      { numRuns: 40 },
    );
  });
});

const NO_PV = { ipi: true, eoi: false, haltpoll: false };
