/** What a guest's choice of clock event device does to its exits, under its own kernel and workload. */
import { describe, expect, it } from "vitest";
import { KvmHost } from "../../src/kvm/host.ts";
import type { GuestSpec } from "../../src/kvm/host-spec.ts";
import { viewCounters } from "../../src/kvm/host-view.ts";
import { resolveHost } from "../../src/kvm/resolve.ts";
import { namedCounters } from "../support/counter-names.ts";
import { hostSpec, type HostOverrides } from "../support/host-spec.ts";

const MS = 200;
const VCPUS = 2;

/** Exits by name and expirations of one guest in a fifth of a second, none left out. */
function exitsOf(guest: Partial<GuestSpec>, overrides: HostOverrides = {}) {
  const host = new KvmHost(resolveHost(hostSpec({ cpus: 8, ...overrides, guests: { g: { vcpus: VCPUS, ...guest } } })), 7);
  host.advance(MS * 2.5e6);
  const counters = namedCounters(viewCounters(host));
  const count = (name: string): number => Number(counters.get(name) ?? 0n);
  return {
    deadlines: count("exits MSR_WRITE(tsc_deadline) fastpath") + count("exits MSR_WRITE(tsc_deadline) kernel"),
    others: count("exits MSR_WRITE(other) kernel"),
    apicWrites: count("exits APIC_WRITE kernel"),
    pageAccesses: count("exits APIC_ACCESS kernel"),
    preemptionTimer: count("exits PREEMPTION_TIMER fastpath"),
    eois: count("exits MSR_WRITE(eoi) kernel"),
    injections: count("stat irq_injections"),
    expirations: [...counters].filter(([name]) => name.startsWith("expirations ")).reduce((sum, [, value]) => sum + Number(value), 0),
    hits: count("hits tsc_deadline"),
    work: count("work web"),
  };
}

describe("a Linux guest that counts with its LAPIC timer", () => {
  const deadline = exitsOf({ workload: "web" });
  const lapic = exitsOf({ workload: "web", timer: "lapic" });

  it("exits as often as one with TSC deadlines, and never on their fastpath", () => {
    expect(deadline).toMatchObject({ others: 0 });
    expect(lapic).toMatchObject({ deadlines: 0, hits: 0 });
    expect(lapic.others / deadline.deadlines).toBeGreaterThan(0.97);
    expect(lapic.others / deadline.deadlines).toBeLessThan(1.03);
    expect(lapic.work / deadline.work).toBeCloseTo(1, 1);
  });

  it("writes to the APIC page as an xAPIC: trapped by APICv, emulated without", () => {
    const idle = { workload: "idle", timer: "lapic", apic: "xapic" } as const;
    expect(exitsOf(idle)).toMatchObject({ others: 0, pageAccesses: 0 });
    expect(exitsOf(idle).apicWrites).toBeGreaterThan(MS / 50);
    const emulated = exitsOf(idle, { kvm: { enable_apicv: "off" } });
    expect(emulated).toMatchObject({ others: 0, apicWrites: 0 });
    expect(emulated.pageAccesses).toBeGreaterThan(MS / 50);
  });

  it("leaves its tick to the timer's periodic mode, if nothing ever stops it", () => {
    const ticks = (MS / 1000) * 250 * VCPUS;
    const { others, deadlines, preemptionTimer, expirations } = exitsOf({ workload: "packets", timer: "lapic", nohz: false });
    expect({ others, deadlines }).toEqual({ others: VCPUS, deadlines: 0 });
    expect(Math.abs(expirations - ticks)).toBeLessThanOrEqual(VCPUS);
    // The last ones are under way.
    expect(expirations - preemptionTimer).toBeLessThanOrEqual(VCPUS);
    // High-resolution timers keep it in one-shot mode.
    expect(exitsOf({ workload: "cyclictest", timer: "lapic", nohz: false }).others).toBeGreaterThan(MS);
  });
});

describe("a Windows guest's synthetic timer", () => {
  const windows = exitsOf({ workload: "web", timer: "hv_stimer" });

  it("is written as another MSR, and inhibits APICv", () => {
    expect(windows).toMatchObject({ deadlines: 0, preemptionTimer: 0 });
    expect(windows.others).toBeGreaterThan(50);
    expect(windows.injections).toBeGreaterThan(windows.expirations);
  });

  it("interrupts with AutoEOI, so that only other interrupts are acknowledged, by MSR or in the assist page", () => {
    const without = exitsOf({ workload: "web", timer: "hv_stimer", pv: { ipi: true, eoi: false, haltpoll: false } });
    const devices = without.injections - without.expirations;
    expect(without.eois / devices).toBeGreaterThan(0.95);
    expect(without.eois / devices).toBeLessThan(1.05);
    expect(windows.eois / devices).toBeLessThan(0.2);
  });
});
