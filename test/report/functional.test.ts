import { expect, test } from "vitest";
import { functional } from "../../src/cli/report/functional.ts";
import { KERNELS } from "../../src/cli/report/machines.ts";
import { filled, rowsWhere, valueIn } from "./table.ts";

const table = filled(functional);

test("every fastpath gains hundreds of cycles, on every kernel and CPU", () => {
  expect(table.rows).toHaveLength(2 * KERNELS.length * 4);
  for (const row of table.rows) {
    expect(valueIn(row, "gain_cycles"), JSON.stringify(row)).toBeGreaterThan(100);
    expect(valueIn(row, "gain_cycles"), JSON.stringify(row)).toBeLessThan(1500);
    expect(valueIn(row, "gain")).toBeCloseTo(1 - valueIn(row, "enabled") / valueIn(row, "disabled"), 9);
  }
});

test("the IPI fastpath gains the most cycles, as its letter and the timers' letters have it", () => {
  for (const kernel of KERNELS) {
    const gain = (name: string): number => valueIn(rowsWhere(table, { cpu: "Skylake, 2.5 GHz", kernel, test: name })[0], "gain_cycles");
    expect(gain("ipi")).toBeGreaterThan(gain("tscdeadline_immed"));
    expect(gain("ipi")).toBeGreaterThan(gain("tscdeadline"));
  }
});

test("the same saving is a smaller share of tscdeadline, which waits 3000 cycles", () => {
  for (const kernel of KERNELS) {
    const share = (name: string): number => valueIn(rowsWhere(table, { cpu: "Skylake, 2.5 GHz", kernel, test: name })[0], "gain");
    expect(share("tscdeadline")).toBeLessThan(share("tscdeadline_immed"));
  }
});

test("timer advance hides most of the gain of tscdeadline", () => {
  const cycles = Number(/by (-?\d+) cycles/.exec(table.findings.at(-1) ?? "")?.[1]);
  const row = rowsWhere(table, { cpu: "Skylake, 2.5 GHz", kernel: "c84", test: "tscdeadline" })[0];
  expect(cycles).toBeLessThan(valueIn(row, "gain_cycles") / 2);
});

test("says beforehand how many runs it takes", () => {
  expect(table.runs).toBe(functional.runs(1));
});
