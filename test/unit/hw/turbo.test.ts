import { expect, test } from "vitest";
import { CPUS, CPU_NAMES } from "../../../src/hw/cpus.ts";
import { atTurbo } from "../../../src/hw/turbo.ts";
import { runUnitTest } from "../../../src/kvm/vmexit.ts";
import { hostSpec } from "../../support/host-spec.ts";

test("turbo shortens what the core does, in TSC cycles, by the ratio of the clocks", () => {
  for (const name of CPU_NAMES) {
    const { baseGhz, turboGhz, cycles } = CPUS[name];
    expect(atTurbo(CPUS[name]).cycles.worldSwitch.value).toBe(Math.round((cycles.worldSwitch.value * baseGhz) / turboGhz));
  }
});

test("turbo leaves ratios and the flight of a physical IPI alone", () => {
  const { cycles } = CPUS["skylake-sp"];
  const turbo = atTurbo(CPUS["skylake-sp"]).cycles;
  expect([turbo.ipiFlight, turbo.predictorRefill, turbo.ibrsSlowdown]).toEqual([
    cycles.ipiFlight,
    cycles.predictorRefill,
    cycles.ibrsSlowdown,
  ]);
});

test("an exit of a host with turbo takes fewer TSC cycles, and the same exits", () => {
  const base = runUnitTest(hostSpec({ guests: { g: { vcpus: 2 } } }), "cpuid", 1);
  const turbo = runUnitTest(hostSpec({ turbo: true, guests: { g: { vcpus: 2 } } }), "cpuid", 1);
  expect(turbo.p50 / base.p50).toBeCloseTo(2.5 / 3.1, 1);
  expect(turbo.exits.map(({ reason }) => reason)).toContain("CPUID");
});
