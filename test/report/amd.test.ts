import { expect, test } from "vitest";
import { amd } from "../../src/cli/report/amd.ts";
import { filled, rowsWhere, valueIn } from "./table.ts";

const table = filled((seeds) => amd.fill(seeds));
const row = (cpu: string, kernel: string, name: string) => rowsWhere(table, { cpu, kernel, test: name })[0];

test("the ICR fastpath gains on every kernel that has it for SVM", () => {
  for (const kernel of ["c84", "linux-6.12", "linux-6.18"]) {
    expect(row("EPYC Milan", kernel, "ipi")?.["state"]).toBe("live");
    expect(valueIn(row("EPYC Milan", kernel, "ipi"), "gain_cycles")).toBeGreaterThan(100);
  }
});

test("without AVIC the slow sender finds its target back in the guest and has to kick it", () => {
  const ipi = row("EPYC Milan", "c84", "ipi");
  expect(valueIn(ipi, "exits_disabled") - valueIn(ipi, "exits_enabled")).toBeCloseTo(1, 1);
});

test("TSC_DEADLINE has none before 6.18, and turning it off changes nothing", () => {
  for (const kernel of ["c84", "linux-6.12"]) {
    expect(row("EPYC Milan", kernel, "tscdeadline_immed")?.["state"]).toBe("kernel_lacks_it");
    expect(valueIn(row("EPYC Milan", kernel, "tscdeadline_immed"), "gain_cycles")).toBe(0);
  }
  expect(valueIn(row("EPYC Milan", "linux-6.18", "tscdeadline_immed"), "gain_cycles")).toBeGreaterThan(50);
});

test("where x2AVIC sends IPIs there is no exit to make faster", () => {
  expect(row("EPYC Genoa", "linux-6.18", "ipi")).toMatchObject({ avic: "on", state: "no such exits" });
  expect(valueIn(row("EPYC Genoa", "linux-6.18", "ipi"), "gain_cycles")).toBe(0);
});

test("each fastpath that is not live says why", () => {
  expect(table.findings.join("\n")).toMatch(/c84, fastpath tsc_deadline: kernel_lacks_it, since .*kvm_can_use_hv_timer/);
});

test("says beforehand how many runs it takes", () => {
  expect(table.runs).toBe(amd.runs(1));
});
