import { expect, test } from "vitest";
import { ipiGain } from "../../src/cli/report/ipi-gain.ts";
import { filled, rowsWhere, valueIn } from "./table.ts";

const table = filled((seeds) => ipiGain.fill(seeds));
const SKYLAKE = "Skylake, 2.5 GHz";
const row = (reason: string, machine = SKYLAKE) => rowsWhere(table, { reason, machine })[0];

test("no reason raises the gain of the ipi test by more than noise on the same kernel line", () => {
  for (const one of table.rows.slice(0, -2)) expect(valueIn(one, "against_none"), JSON.stringify(one)).toBeLessThan(0.002);
});

test("upstream's later re-entry makes the write itself gain more than c82's", () => {
  const [newest, c82] = table.rows.slice(-2);
  expect(valueIn(c82, "sleeper_gain")).toBeLessThan(valueIn(newest, "sleeper_gain") - 0.005);
});

test("without rcuwait a write that wakes a sleeper gains less, while the ipi test gains as much", () => {
  const none = row("none: upstream 5.8, current microcode");
  const swait = row("(a) without rcuwait");
  expect(valueIn(swait, "sleeper_gain")).toBeLessThan(valueIn(none, "sleeper_gain") - 0.005);
  expect(Math.abs(valueIn(swait, "against_none"))).toBeLessThan(0.002);
});

test("TAA without microcode costs a Skylake nothing, and it is said why", () => {
  expect(valueIn(row("(b) TAA without microcode"), "against_none")).toBeCloseTo(0, 3);
  expect(table.findings[1]).toContain("vmx_l1d_should_flush is on");
});

test("on a Cascade Lake, where VERW runs, it costs something, and a VERW that clears costs more", () => {
  const [attempted, clears] = ["(b) TAA without microcode", "TAA with microcode: VERW clears"].map((reason) =>
    valueIn(row(reason, "Cascade Lake, 2.5 GHz"), "against_none"),
  );
  expect(attempted).toBeLessThan(0);
  expect(clears).toBeLessThan(attempted ?? 0);
});

test("all three together are no better than the worst of them", () => {
  const all = valueIn(row("(a), (b) and (c): c82, old microcode"), "sleeper_gain");
  expect(all).toBeLessThanOrEqual(valueIn(row("(a) without rcuwait"), "sleeper_gain") + 0.002);
});

test("says beforehand how many runs it takes", () => {
  expect(table.runs).toBe(ipiGain.runs(1));
});
