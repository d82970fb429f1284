/**
 * Text of bcc's kvmexit.py: a heading, then a line for each reason, of one vCPU, of each thread, or
 * of each process.
 *
 *   PID      TID      KVM_EXIT_REASON                     COUNT
 *   1273551  1273568  EXIT_REASON_HLT                     12
 *
 * iovisor/bcc tools/kvmexit.py.
 */
import { type CaptureProblem, ExitCounts, type ReadLines, shown } from "./capture.ts";

const HEADING = /^\s*((?:(?:PID|TID|VCPU)\s+)*)KVM_EXIT_REASON\s+COUNT\s*$/i;

export const isKvmexit = (lines: readonly string[]): boolean => lines.some((line) => HEADING.test(line));

export function readKvmexit(lines: readonly string[]): ReadLines {
  const counts = new ExitCounts();
  const problems: CaptureProblem[] = [];
  let columns: readonly string[] | null = null;
  for (const [index, line] of lines.entries()) {
    const heading = HEADING.exec(line);
    if (heading !== null) columns = (heading[1] as string).trim().split(/\s+/).filter(Boolean);
    // Before the heading kvmexit says what it traces, after it what the terminal echoed.
    if (heading !== null || columns === null || isChatter(line)) continue;
    const row = rowOf(line, columns);
    if (row === null) {
      problems.push({ line: index + 1, expected: [...columns, "an exit reason", "a count"].join(", "), came: shown(line) });
    } else counts.add(index + 1, { ...row, times: null });
  }
  if (problems.length === 0 && counts.exits.length === 0) {
    problems.push({ line: lines.length, expected: "a line of an exit reason below the heading", came: "the end of the text" });
  }
  return { exits: counts.exits, lines: counts.lines, total: null, seconds: null, msrs: [], problems, notes: [] };
}

const isChatter = (line: string): boolean => /^\s*(?:$|#|\^C|Display kvm exit|Hit Ctrl-C)/.test(line);

function rowOf(line: string, columns: readonly string[]): { reason: string; count: number } | null {
  const fields = line.trim().split(/\s+/);
  const [reason, count] = fields.slice(columns.length);
  const ids = fields.slice(0, columns.length);
  if (fields.length !== columns.length + 2 || ids.some((id) => !/^\d+$/.test(id))) return null;
  if (reason === undefined || count === undefined || !/^\d{1,15}$/.test(count) || !/^[A-Z][A-Z0-9_/]*$/i.test(reason)) return null;
  return { reason, count: Number(count) };
}
