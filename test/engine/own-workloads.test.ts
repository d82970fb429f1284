import { describe, expect, test } from "vitest";
import type { OwnWorkload } from "../../src/guest/workload-choice.ts";
import { QUIET } from "../../src/guest/workload.ts";
import { OWN_WORKLOADS_MAX } from "../../src/kvm/counters.ts";
import { KvmHost } from "../../src/kvm/host.ts";
import { viewCounters } from "../../src/kvm/host-view.ts";
import { resolveHost } from "../../src/kvm/resolve.ts";
import { workCounter } from "../../src/kvm/work-counters.ts";
import { OP } from "../../src/guest/program.ts";
import { hostSpec } from "../support/host-spec.ts";
import { play } from "../support/scripted-host.ts";

const CYCLES = 50e6;
const own = (name: string, work_ns = 20_000): OwnWorkload => ({
  ...QUIET,
  name,
  doc: "",
  source: "a test",
  requests_per_second: 5000,
  work_ns,
});
const resolved = (...workloads: readonly OwnWorkload[]) =>
  resolveHost(
    hostSpec({ guests: Object.fromEntries(workloads.map((workload) => [workload.name, { vcpus: 1, workload, kernel: "linux-5.8" }])) }),
  );
const workOf = (host: KvmHost, name: string): number => viewCounters(host).low[workCounter(name, host.work.own)] ?? NaN;

describe("the work of a workload of one's own", () => {
  test("has a counter of its own, which stays when the workload is gone", () => {
    const host = new KvmHost(resolved(own("a"), own("b", 40_000)), 1);
    host.advance(CYCLES);
    const [a, b] = [workOf(host, "a"), workOf(host, "b")];
    expect(a).toBeGreaterThan(0);
    expect(b).toBeGreaterThan(a);
    host.configure(resolved(own("b", 40_000), own("c")));
    host.advance(2 * CYCLES);
    expect(workOf(host, "a")).toBe(a);
    expect(workOf(host, "b")).toBeGreaterThan(b);
    expect(workOf(host, "c")).toBeGreaterThan(0);
  });

  test("goes on in the same counter when its file is edited", () => {
    const host = new KvmHost(resolved(own("a")), 1);
    host.advance(CYCLES);
    const before = workOf(host, "a");
    host.configure(resolved(own("a", 30_000)));
    expect(workOf(host, "a")).toBe(before);
    host.advance(2 * CYCLES);
    expect(workOf(host, "a")).toBeGreaterThan(before);
    expect(host.work.own).toEqual(["a"]);
  });

  test("takes the counter of one that runs no more when there are no others", () => {
    const host = new KvmHost(resolved(own("w0")), 1);
    for (let i = 1; i <= OWN_WORKLOADS_MAX + 2; i++) {
      host.advance(i * 1e6);
      host.configure(resolved(own(`w${i}`)));
    }
    expect(host.work.own).toHaveLength(OWN_WORKLOADS_MAX);
    expect(host.work.own).toContain(`w${OWN_WORKLOADS_MAX + 2}`);
    host.advance(CYCLES);
    expect(workOf(host, `w${OWN_WORKLOADS_MAX + 2}`)).toBeGreaterThan(0);
  });
});

describe("what only workloads of one's own do", () => {
  const script = [
    { compute: 1000, op: OP.apicRegister },
    { compute: 1000, op: OP.other },
  ];
  const APICV_OFF = { kvm: { enable_apicv: "off" } } as const;

  test.each([
    ["of an x2APIC", {}, {}, "MSR_WRITE(other) slow"],
    ["of an xAPIC", {}, { apic: "xapic" }, "APIC_WRITE slow"],
    ["of an xAPIC without APICv", APICV_OFF, { apic: "xapic" }, "APIC_ACCESS slow"],
  ] as const)("a register %s and a reason without rules each take one exit", (_, host, guest, write) => {
    expect(play({ host, guest, scripts: [script] }).exits).toEqual([[write, "OTHER slow"]]);
  });
});
