import * as fc from "fast-check";
import { expect, test } from "vitest";
import { specProblems } from "../../../src/config/resolve-spec.ts";
import { CPU_NAMES, type CpuName, CPUS } from "../../../src/hw/cpus.ts";
import { cstatesOf, idleExitNs } from "../../../src/hw/cstates.ts";
import { KERNEL_NAMES, type KernelName } from "../../../src/kvm/kernels.ts";
import { resolveHost } from "../../../src/kvm/resolve.ts";
import type { ResolvedHost } from "../../../src/kvm/resolved.ts";
import { arbitrarySpec } from "../../support/arbitrary-spec.ts";
import { type HostOverrides, hostSpec } from "../../support/host-spec.ts";

const resolve = (overrides: HostOverrides): ResolvedHost => resolveHost(hostSpec(overrides));
const AMD = CPU_NAMES.filter((name) => CPUS[name].vendor === "amd");

test("ten CPU models, four of them AMD's", () => {
  expect(CPU_NAMES.length).toBe(10);
  expect(AMD).toEqual(["epyc-naples", "epyc-rome", "epyc-milan", "epyc-genoa"]);
});

test("every figure of every model says where it comes from", () => {
  for (const { cycles } of Object.values(CPUS)) {
    for (const { value, source } of Object.values(cycles)) {
      expect(value).toBeGreaterThanOrEqual(0);
      expect(source).toMatch(/^\S.{10,}$/);
    }
  }
});

test("deeper C-states take longer to leave and ask for longer sleeps", () => {
  for (const cpu of CPU_NAMES) {
    const states = cstatesOf(cpu, "c6");
    for (const [i, state] of states.entries()) {
      expect(state.exitNs).toBeGreaterThan(states[i - 1]?.exitNs ?? 0);
      expect(state.residencyNs).toBeGreaterThan(states[i - 1]?.residencyNs ?? 0);
    }
    expect(cstatesOf(cpu, "c1").map(({ name }) => name)).toEqual(["c1"]);
  }
  expect(idleExitNs(cstatesOf("sapphire-rapids", "c6"), 1e9)).toBe(87_000);
  expect(idleExitNs(cstatesOf("epyc-rome", "c6"), 1e9)).toBe(22_000);
});

test("only Sapphire Rapids has IPI virtualization, and only from 5.19 on", () => {
  const virtualized = (cpu: CpuName, kernel: KernelName): boolean => resolve({ cpu, kernel }).ipiVirtualization.value;
  const intel = CPU_NAMES.filter((name) => CPUS[name].vendor === "intel");
  expect(intel.filter((cpu) => virtualized(cpu, "linux-5.19"))).toEqual(["sapphire-rapids"]);
  expect(virtualized("sapphire-rapids", "linux-5.18")).toBe(false);
  expect(resolve({ cpu: "sapphire-rapids", kernel: "linux-6.6", kvm: { enable_apicv: "off" } }).ipiVirtualization.value).toBe(false);
});

test("no AMD host has PREEMPTION_TIMER exits, a TSC_DEADLINE fastpath before 6.18 or a re-entry before 6.12", () => {
  fc.assert(
    fc.property(arbitrarySpec, fc.constantFrom(...AMD), fc.constantFrom(...KERNEL_NAMES), (spec, cpu, kernel) => {
      const { fastpath, traits, guests, preemptionTimer } = resolveHost({ ...spec, cpu, kernel, patches: [] });
      expect(preemptionTimer.value).toBe(false);
      expect(fastpath.preemption_timer).toMatchObject({ value: false, capable: false });
      expect(guests.every(({ timerMode }) => timerMode.value !== "hv_timer")).toBe(true);
      if (kernel !== "linux-6.18") expect(fastpath.tsc_deadline).toMatchObject({ value: false, capable: false });
      const reenters = (fastpath.icr.value && traits.icr === "reenter") || fastpath.hlt.value;
      if (!["linux-6.12", "linux-6.14", "linux-6.16", "linux-6.18"].includes(kernel)) expect(reenters).toBe(false);
    }),
  );
});

/** ICR, TSC_DEADLINE, HLT, INVD of an AMD host. */
test.each<[KernelName, readonly boolean[]]>([
  ["linux-5.5", [false, false, false, false]],
  ["linux-5.6", [true, false, false, false]],
  ["rhel-8.3", [true, false, false, false]],
  ["linux-5.8", [true, false, false, false]],
  ["linux-6.6", [true, false, false, false]],
  ["linux-6.12", [true, false, true, false]],
  ["linux-6.18", [true, true, true, true]],
])("the fastpaths of an EPYC on %s", (kernel, live) => {
  const { icr, tsc_deadline: deadline, hlt, invd } = resolve({ cpu: "epyc-milan", kernel }).fastpath;
  expect([icr, deadline, hlt, invd].map(({ value }) => value)).toEqual(live);
});

test("AVIC is off by default until 6.18 turns it on where the CPU has x2AVIC", () => {
  const avic = (cpu: CpuName, kernel: KernelName, asked: "auto" | "on" | "off" = "auto") => resolve({ cpu, kernel, kvm: { avic: asked } });
  expect(avic("epyc-genoa", "linux-6.16").apicv.value).toBe(false);
  expect(avic("epyc-genoa", "linux-6.18").apicv.value).toBe(true);
  expect(avic("epyc-milan", "linux-6.18").apicv.value).toBe(false);
  expect(avic("epyc-milan", "linux-5.4", "on").apicv.value).toBe(true);
  expect(avic("epyc-genoa", "linux-6.18", "off").apicv.value).toBe(false);
  expect(avic("epyc-genoa", "linux-6.1", "on").x2avic.value).toBe(true);
  expect(avic("epyc-genoa", "linux-5.19", "on").x2avic.value).toBe(false);
  expect(avic("epyc-milan", "linux-6.18", "on").x2avic.value).toBe(false);
});

test("erratum 1235 takes exitless IPIs from Naples and Rome on kernels that know it", () => {
  const exitless = (cpu: CpuName, kernel: KernelName): boolean => resolve({ cpu, kernel, kvm: { avic: "on" } }).ipiVirtualization.value;
  expect(AMD.filter((cpu) => exitless(cpu, "linux-6.16"))).toEqual(AMD);
  expect(AMD.filter((cpu) => exitless(cpu, "linux-6.18"))).toEqual(["epyc-milan", "epyc-genoa"]);
});

test("an x2APIC guest without x2AVIC inhibits AVIC on old kernels and takes doorbells on later ones", () => {
  const active = (kernel: KernelName, apic: "x2apic" | "xapic") =>
    resolve({ cpu: "epyc-milan", kernel, kvm: { avic: "on" }, guests: { web: { apic } } }).guests[0]?.apicvActive.value;
  expect([active("linux-5.15", "x2apic"), active("linux-5.15", "xapic"), active("linux-6.6", "x2apic")]).toEqual([false, true, true]);
});

test("AVIC lets an AMD host post timers, for the predicate is not VMX' own", () => {
  const host = resolve({ cpu: "epyc-genoa", kernel: "linux-6.18", cpu_pm: true, cmdline: { nohz_full: true } });
  expect(host.guests[0]?.timerMode.value).toBe("posted");
});

test("the configuration takes hosts of both vendors", () => {
  for (const cpu of CPU_NAMES) expect(specProblems(hostSpec({ cpu, kernel: "linux-6.6" }))).toEqual([]);
});
