/** KVM's own statistics on a running host, with KVM's quirks. */
import { describe, expect, it } from "vitest";
import { CELLS } from "../../src/kvm/exits.ts";
import { KvmHost } from "../../src/kvm/host.ts";
import { viewCounters } from "../../src/kvm/host-view.ts";
import { resolveHost } from "../../src/kvm/resolve.ts";
import { exitLabel, namedCounters } from "../support/counter-names.ts";
import { hostSpec, type HostOverrides } from "../support/host-spec.ts";

/** Counters of a host with a web server and a message-passing guest, after 40 ms. */
function run(overrides: HostOverrides): (name: string) => number {
  const guests = { web: { vcpus: 3, workload: "web" }, hackbench: { vcpus: 2, workload: "hackbench" } } as const;
  const host = new KvmHost(resolveHost(hostSpec({ cpus: 8, guests, ...overrides })), 1);
  host.advance(40 * 2.5e6);
  const counters = namedCounters(viewCounters(host));
  return (name) => Number(counters.get(name));
}

const allExits = (of: (name: string) => number): number => CELLS.intel.reduce((sum, cell) => sum + of(`exits ${exitLabel(cell)}`), 0);

describe("l1d_flush", () => {
  it("counts every entry when the flush is unconditional", () => {
    const of = run({ mitigations: { l1tf: "always" } });
    expect(allExits(of)).toBeGreaterThan(1000);
    expect(of("stat l1d_flush")).toBe(allExits(of));
  });

  it("counts the entries that flushed when it is conditional, and none when there is none", () => {
    const conditional = run({ mitigations: { l1tf: "cond" } });
    const { cycles } = resolveHost(hostSpec()).cpu;
    expect(conditional("stat l1d_flush")).toBeGreaterThan(50);
    expect(conditional("stat l1d_flush")).toBe(conditional("component l1d_flush") / cycles.l1dFlush.value);
    expect(run({ mitigations: { l1tf: "never" } })("stat l1d_flush")).toBe(0);
  });
});

describe("irq_injections", () => {
  it("counts what KVM injects itself, which under APICv is nothing", () => {
    expect(run({})("stat irq_injections")).toBe(0);
    expect(run({ kvm: { enable_apicv: "off" } })("stat irq_injections")).toBeGreaterThan(1000);
  });
});

describe("exits", () => {
  it("misses re-entered fastpath exits before 6.4", () => {
    const of = run({});
    const reentered = of("hits tsc_deadline") + of("hits preemption_timer");
    // A request that was found in the inner loop makes an exit of those after all.
    expect(allExits(of) - of("stat exits")).toBeGreaterThan(0.99 * reentered);
    expect(allExits(of) - of("stat exits")).toBeLessThanOrEqual(reentered);
  });

  it("misses nothing where all exits take the outer loop", () => {
    const of = run({ kernel: "linux-4.18" });
    expect(of("stat exits")).toBe(allExits(of));
  });
});

describe("halt polling", () => {
  it("tells polls that found something from those that did not, in events and in time", () => {
    const of = run({});
    expect(of("stat halt_successful_poll")).toBe(of("polls success"));
    expect(of("stat halt_poll_success_ns") * 2.5).toBeCloseTo(of("poll cycles success"), -4);
    expect(of("stat halt_poll_fail_ns") * 2.5).toBeCloseTo(of("poll cycles fail"), -4);
    expect(of("stat halt_wait_ns") * 2.5).toBeLessThanOrEqual(of("vcpu halted") + 1e4);
  });
});
