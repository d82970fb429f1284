/** A table of the report, filled with one seed, and its cells by what they stand for. */
import type { Cell, Estimate, Findings, ReportTable } from "../../src/cli/report/report-table.ts";

export function filled(fill: ReportTable["fill"]): Findings & { readonly runs: number } {
  const running = fill([1]);
  let runs = 0;
  for (let step = running.next(); ; step = running.next()) {
    if (step.done === true) return { ...step.value, runs };
    runs++;
  }
}

export type Row = Readonly<Record<string, Cell>>;

/** The value of an estimate; throws where the cell has none. */
export function valueIn(row: Row | undefined, key: string): number {
  const cell = row?.[key];
  if (typeof cell !== "object" || cell === null) throw new Error(`expected a figure in ${key}, came ${String(cell)}`);
  return (cell satisfies Estimate).value;
}

/** The rows whose cells have these texts. */
export function rowsWhere({ rows }: Findings, texts: Readonly<Record<string, string>>): readonly Row[] {
  return rows.filter((row) => Object.entries(texts).every(([key, text]) => row[key] === text));
}
