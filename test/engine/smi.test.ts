/** A system-management interrupt takes all CPUs of a host at once: time passes, and nothing else happens. */
import { describe, expect, it } from "vitest";
import { SMI_NS } from "../../src/hw/smi.ts";
import { KvmHost } from "../../src/kvm/host.ts";
import { viewCounters } from "../../src/kvm/host-view.ts";
import { resolveHost } from "../../src/kvm/resolve.ts";
import { runUnitTest } from "../../src/kvm/vmexit.ts";
import { namedCounters } from "../support/counter-names.ts";
import { hostSpec, type HostOverrides } from "../support/host-spec.ts";

const SMI = Math.round(SMI_NS.value * 2.5);
const PER_SECOND = 500;
const SECONDS = 0.1;

/** Ends of exits and what they took, of a host on which many SMIs come, or none. */
function play(smis_per_second: number, overrides: HostOverrides = {}) {
  const host = new KvmHost(resolveHost(hostSpec({ smis_per_second, guests: { web: { workload: "hackbench" } }, ...overrides })), 1);
  const exits: { begin: number; end: number; own: number }[] = [];
  host.observe((vcpu, _kind, own, end) => exits.push({ begin: vcpu.exitedAt, end, own }));
  host.advance(SECONDS * 2.5e9);
  return { exits, counters: namedCounters(viewCounters(host), "intel") };
}

describe("while firmware has the CPUs", () => {
  const { exits, counters } = play(PER_SECOND);
  const count = Number(counters.get("smis"));
  const instants = exits.flatMap(({ begin, end }) => [begin, end]).toSorted((a, b) => a - b);
  const gaps = instants.slice(1).map((at, i) => at - (instants[i] as number));

  it("no vCPU begins or ends an exit", () => {
    expect(count).toBeGreaterThanOrEqual(PER_SECOND * SECONDS - 1);
    expect(gaps.filter((gap) => gap >= SMI).length).toBeGreaterThanOrEqual(count - 1);
  });

  it("exits that it cuts in two take its time, as host interrupts'", () => {
    const cut = exits.filter(({ own }) => own >= SMI).length;
    expect(cut).toBeGreaterThan(0);
    expect(cut).toBeLessThanOrEqual(4 * count);
    expect(Number(counters.get("component host_interrupt"))).toBeGreaterThanOrEqual(cut * SMI);
  });

  it("no exit is lost, but for the time that is", () => {
    const quiet = play(0);
    expect(quiet.counters.get("smis")).toBe(0n);
    const share = (count * SMI) / (SECONDS * 2.5e9);
    expect(exits.length / quiet.exits.length).toBeGreaterThan(1 - 2 * share);
    expect(exits.length).toBeLessThan(quiet.exits.length);
  });
});

it("a timer that runs out meanwhile fires when the CPUs are given back, and none is lost", () => {
  const ticking = { guests: { web: { vcpus: 1, workload: "packets" } } } as const;
  const expirations = (per: number): bigint => play(per, ticking).counters.get("expirations preemption_timer") ?? 0n;
  expect(expirations(0)).toBeGreaterThan(20n);
  expect(Number(expirations(PER_SECOND))).toBeGreaterThanOrEqual(Number(expirations(0)) - 1);
});

it("the longest of many exits has it in, the median does not", () => {
  const noisy = runUnitTest(hostSpec({ smis_per_second: 20, guests: { test: {} } }), "vmcall", 1);
  const quiet = runUnitTest(hostSpec({ guests: { test: {} } }), "vmcall", 1);
  expect(noisy.p50).toBe(quiet.p50);
  expect(noisy.max - noisy.p50).toBeGreaterThan(SMI * 0.99);
  expect(quiet.max).toBeLessThan(SMI / 2);
});
