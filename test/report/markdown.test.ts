import { expect, test } from "vitest";
import { tableMarkdown } from "../../src/cli/report/markdown.ts";
import { estimate, type ReportTable } from "../../src/cli/report/report-table.ts";

const table: ReportTable = {
  title: "T",
  method: "M.",
  columns: [
    { key: "who", title: "who" },
    { key: "share", title: "share", unit: "share" },
    { key: "cycles", title: "cycles", unit: "cycles" },
  ],
  runs: () => 0,
  *fill() {
    yield;
    return { rows: [], findings: [] };
  },
};

test("a table has its heading, method, rows with intervals, findings and the command that makes it again", () => {
  const rows = [
    { who: "a", share: { value: 0.1234, half_width: 0.001 }, cycles: { value: -0.2, half_width: null } },
    { who: "b", cycles: null },
  ];
  expect(tableMarkdown(table, { rows, findings: ["F."] }, "run me")).toBe(
    "## T\n\nM.\n\n| who | share | cycles |\n| --- | ---: | ---: |\n| a | 12.34 ± 0.10 % | 0 |\n| b | – | – |\n\n- F.\n\nAgain: `run me`",
  );
});

test("an estimate over seeds has Student's interval, and none over one seed", () => {
  expect(estimate([1, 2, 3]).half_width).toBeCloseTo(4.30265 / Math.sqrt(3), 4);
  expect(estimate([5])).toEqual({ value: 5, half_width: null });
});
