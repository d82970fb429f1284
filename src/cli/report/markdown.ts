/** Tables of a report as Markdown. */
import type { Cell, Column, Findings, ReportTable } from "./report-table.ts";

/** A heading, how it was measured, the table, what it shows, and the command that makes it again. */
export function tableMarkdown({ title, method, columns }: ReportTable, { rows, findings }: Findings, command: string): string {
  const notes = findings.map((finding) => `- ${finding}`);
  return [
    `## ${title}`,
    method,
    rowsMarkdown(columns, rows),
    ...(notes.length > 0 ? [notes.join("\n")] : []),
    `Again: \`${command}\``,
  ].join("\n\n");
}

/** The table alone. */
export function rowsMarkdown(columns: readonly Column[], rows: Findings["rows"]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  return [
    line(columns.map((column) => column.title)),
    line(columns.map((column) => (column.unit === undefined ? "---" : "---:"))),
    ...rows.map((row) => line(columns.map((column) => cellText(row[column.key] ?? null, column)))),
  ].join("\n");
}

const FORMATS: Readonly<Record<NonNullable<Column["unit"]>, { readonly scale: number; readonly decimals: number; readonly unit: string }>> =
  {
    cycles: { scale: 1, decimals: 0, unit: "" },
    count: { scale: 1, decimals: 0, unit: "" },
    number: { scale: 1, decimals: 2, unit: "" },
    ms: { scale: 1, decimals: 1, unit: " ms" },
    ns: { scale: 1, decimals: 0, unit: " ns" },
    share: { scale: 100, decimals: 2, unit: " %" },
    points: { scale: 100, decimals: 2, unit: "" },
  };

function cellText(cell: Cell, { unit = "number" }: Column): string {
  if (cell === null) return "–";
  if (typeof cell === "string") return cell;
  const { scale, decimals, unit: suffix } = FORMATS[unit];
  const text = (value: number): string => (value * scale).toFixed(decimals).replace(/^-(0\.?0*)$/, "$1");
  return `${text(cell.value)}${cell.half_width === null ? "" : ` ± ${text(cell.half_width)}`}${suffix}`;
}
