import { expect, test } from "vitest";
import { fillBenchmarks } from "../../src/cli/report/guest-benchmark.ts";
import { ICE_LAKE, SKYLAKE, TEST_GUEST, hostOf } from "../../src/cli/report/machines.ts";
import { runUnitTest } from "../../src/kvm/vmexit.ts";
import { filled, rowsWhere, valueIn } from "./table.ts";

const table = filled((seeds) => fillBenchmarks([SKYLAKE, ICE_LAKE], ["c84"], seeds));

test("a guest that sends IPIs gains, and less than the functional test", () => {
  for (const machine of [SKYLAKE, ICE_LAKE]) {
    const mean = (icr: "on" | "off"): number =>
      runUnitTest(hostOf(machine, { kernel: "c84", fastpath: { icr } }, TEST_GUEST), "ipi", 1).mean;
    const functional = 1 - mean("on") / mean("off");
    for (const row of rowsWhere(table, { cpu: machine.name, score: "multi-core" })) {
      expect(valueIn(row, "gain")).toBeGreaterThan(0.002);
      expect(valueIn(row, "gain")).toBeLessThan(functional / 2);
    }
  }
});

test("a guest that only computes gains next to nothing, since it is hardly ever out of the guest", () => {
  for (const row of rowsWhere(table, { score: "single-core" })) {
    expect(valueIn(row, "exit_share")).toBeLessThan(0.02);
    expect(Math.abs(valueIn(row, "gain"))).toBeLessThan(0.01);
  }
});
