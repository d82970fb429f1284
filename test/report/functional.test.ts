import { expect, test } from "vitest";
import { fillFunctional, functionalRuns } from "../../src/cli/report/functional.ts";
import { SKYLAKE } from "../../src/cli/report/machines.ts";
import { filled, rowsWhere, valueIn } from "./table.ts";

const KERNELS = ["c84", "linux-6.18"];
const table = filled((seeds) => fillFunctional([SKYLAKE], KERNELS, seeds));
const row = (kernel: string, name: string) => rowsWhere(table, { kernel, test: name })[0];

test("every fastpath gains hundreds of cycles, on the vendor's kernel and upstream", () => {
  expect(table.rows).toHaveLength(KERNELS.length * 4);
  for (const one of table.rows) {
    expect(valueIn(one, "gain_cycles"), JSON.stringify(one)).toBeGreaterThan(100);
    expect(valueIn(one, "gain_cycles"), JSON.stringify(one)).toBeLessThan(1500);
    expect(valueIn(one, "gain")).toBeCloseTo(1 - valueIn(one, "enabled") / valueIn(one, "disabled"), 9);
  }
});

test("the IPI fastpath gains the most cycles, as its letter and the timers' letters have it", () => {
  for (const kernel of KERNELS) {
    expect(valueIn(row(kernel, "ipi"), "gain_cycles")).toBeGreaterThan(valueIn(row(kernel, "tscdeadline_immed"), "gain_cycles"));
  }
});

test("the saving of one exit is a smaller share of tscdeadline, where the write hides behind 3000 cycles", () => {
  expect(valueIn(row("c84", "tscdeadline_immed"), "disabled")).toBeLessThan(3000 + 500);
  expect(valueIn(row("c84", "tscdeadline"), "gain")).toBeLessThan(valueIn(row("c84", "tscdeadline_immed"), "gain"));
});

test("a timer advance of 1000 ns hides the whole gain of tscdeadline", () => {
  const cycles = Number(/1000 ns by (-?\d+) cycles/.exec(table.findings.at(-1) ?? "")?.[1]);
  expect(Math.abs(cycles)).toBeLessThan(valueIn(row("c84", "tscdeadline"), "gain_cycles") / 10);
});

test("says beforehand how many runs it takes", () => {
  expect(table.runs).toBe(functionalRuns([SKYLAKE], KERNELS, 1));
});
