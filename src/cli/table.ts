/** Aligned columns for a terminal; the last column is as wide as it likes, or as the terminal has room. */

/** A last column narrower than this is not wrapped: it would be taller than it is readable. */
const LAST_WIDTH_MIN = 30;

/**
 * One line a row, columns two blanks apart, without trailing blanks.
 * @param width into which the last column of the widest rows is wrapped; null: never.
 */
export function alignColumns(rows: readonly (readonly string[])[], width: number | null = null): string {
  const columns = Math.max(0, ...rows.map((row) => row.length));
  const widths: number[] = [];
  for (const row of rows) for (const [i, cell] of row.entries()) widths[i] = Math.max(widths[i] ?? 0, cell.length);
  const before = widths.slice(0, -1).reduce((sum, one) => sum + one + 2, 0);
  const room = width === null || width - before < LAST_WIDTH_MIN ? null : width - before;
  return rows
    .flatMap((row) => (row.length < columns || room === null ? [row] : wrapLast(row, room)))
    .map((row) =>
      row
        .map((cell, i) => cell.padEnd(widths[i] ?? 0))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}

/** The row, and below it further ones for what its last cell has too many. */
function wrapLast(row: readonly string[], room: number): string[][] {
  const lines: string[] = [];
  for (const word of (row.at(-1) ?? "").split(" ")) {
    const last = lines.at(-1);
    if (last === undefined || last.length + 1 + word.length > room) lines.push(word);
    else lines[lines.length - 1] = `${last} ${word}`;
  }
  return lines.map((line, i) => [...row.slice(0, -1).map((cell) => (i === 0 ? cell : "")), line]);
}
