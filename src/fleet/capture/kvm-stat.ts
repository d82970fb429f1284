/**
 * Text of kvm_stat, in each of its forms: once (`-1`: name, total, what the last second added), the
 * screen (name, total, percent, current), and the log (`-l`, `-l -c`: a banner of names, then a line
 * per interval). Tracepoints (`-t`) name the reason: kvm_exit(HLT). The statistics of debugfs name a
 * few, and all of them together.
 *
 * Linux tools/kvm/kvm_stat/kvm_stat batch, log, StdFormat, CSVFormat; arch/x86/kvm/x86.c debugfs_entries.
 */
import { type CaptureProblem, ExitCounts, type ReadLines, shown } from "./capture.ts";

const REASON = /^kvm_exit[\s(]+([A-Za-z0-9_]+)\)?$/;
/** Statistics of debugfs that count one reason alone (pf_fixed as good as: faults that map a page). */
const STATISTICS: ReadonlyMap<string, string> = new Map(
  Object.entries({
    irq_exits: "EXTERNAL_INTERRUPT",
    halt_exits: "HLT",
    io_exits: "IO_INSTRUCTION",
    mmio_exits: "EPT_MISCONFIG",
    irq_window: "INTERRUPT_WINDOW",
    irq_window_exits: "INTERRUPT_WINDOW",
    hypercalls: "VMCALL",
    pf_fixed: "EPT_VIOLATION",
  }),
);
const NAME = String.raw`[a-z][a-z0-9_]*(?:\([A-Za-z0-9_]+\)| [A-Z][A-Z0-9_]+)?`;
const BATCH = new RegExp(String.raw`^\s*(${NAME})\s+(\d{1,15})\s+(\d{1,15})\s*$`);
const SCREEN = new RegExp(String.raw`^\s*(${NAME})\s+(\d{1,15})\s+(\d+(?:\.\d+)?)(?:\s+(\d{1,15}))?\s*$`);
const TIMESTAMP = /^\s*(\d{4})-(\d\d)-(\d\d) (\d\d):(\d\d):(\d\d)[\s,]/;

const isStatistic = (name: string): boolean => name === "exits" || name === "kvm_exit" || STATISTICS.has(name) || REASON.test(name);

/** One of kvm_stat's own names begins a line or stands in a banner. */
export function isKvmStat(lines: readonly string[]): boolean {
  return lines.some((line) => {
    const fields = line.trim().split(/[\s,]+/);
    return isStatistic(fields[0] ?? "") || (fields.length > 2 && fields.filter(isStatistic).length > 1);
  });
}

export function readKvmStat(lines: readonly string[]): ReadLines {
  const banner = lines.findIndex((line) => isBanner(line));
  return banner < 0 ? readLines(lines) : readLog(lines, banner);
}

/** Names alone, at least two of them ours. */
function isBanner(line: string): boolean {
  const names = namesOf(line);
  return names.filter(isStatistic).length > 1 && names.every((name) => /^[a-z][A-Za-z0-9_()]*$/.test(name));
}

const namesOf = (line: string): string[] =>
  line
    .trim()
    .split(/[\s,]+/)
    .filter((name) => name !== "timestamp" && name !== "");

/** What is counted, by kvm_stat's names. */
type Values = Map<string, { value: number; line: number }>;

/** `-1`, or the screen: a name in each line. */
function readLines(lines: readonly string[]): ReadLines {
  const problems: CaptureProblem[] = [];
  const totals: Values = new Map();
  const current: Values = new Map();
  for (const [index, line] of lines.entries()) {
    const number = index + 1;
    if (/^\s*(?:$|#|Event\b|Total\b|kvm statistics)/.test(line)) continue;
    const batch = BATCH.exec(line);
    const found = batch ?? SCREEN.exec(line);
    if (found === null) {
      if (isStatistic(line.trim().split(/\s+/)[0] ?? "")) {
        problems.push({ line: number, expected: "a name, a total and a current value", came: shown(line) });
      }
      continue;
    }
    const name = found[1] as string;
    if (totals.has(name)) problems.push({ line: number, expected: `${name} once`, came: "a second time" });
    totals.set(name, { value: Number(found[2]), line: number });
    const now = batch === null ? found[4] : found[3];
    current.set(name, { value: Number(now ?? 0), line: number });
  }
  const isLive = [...current].some(([name, { value }]) => isStatistic(name) && value > 0);
  // The current value is of one second; totals are of a time that the text does not tell.
  return isLive ? exitsOf(current, 1, problems, lines.length) : exitsOf(totals, null, problems, lines.length);
}

/** `-l`: a line of values for each interval. */
function readLog(lines: readonly string[], first: number): ReadLines {
  const problems: CaptureProblem[] = [];
  const sums: Values = new Map();
  const instants: number[] = [];
  let names: readonly string[] = [];
  let rows = 0;
  for (const [index, line] of lines.entries()) {
    const number = index + 1;
    if (index < first || /^\s*(?:$|#)/.test(line)) continue;
    if (isBanner(line)) {
      names = namesOf(line);
      continue;
    }
    const time = TIMESTAMP.exec(line);
    const values = (time === null ? line : line.slice(time[0].length)).trim().split(/[\s,]+/);
    if (values.length !== names.length || values.some((value) => !/^\d{1,15}$/.test(value))) {
      problems.push({ line: number, expected: `${names.length} whole numbers, one for each name above`, came: shown(line) });
      continue;
    }
    rows++;
    if (time !== null) instants.push(secondsOfDate(time));
    for (const [i, name] of names.entries()) {
      const before = sums.get(name);
      sums.set(name, { value: (before?.value ?? 0) + Number(values[i]), line: before?.line ?? number });
    }
  }
  return exitsOf(sums, secondsOf(instants, rows), problems, lines.length);
}

/** A date as seconds, of which only differences are taken: days since year 0 of the Gregorian calendar. */
function secondsOfDate(found: RegExpExecArray): number {
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = found.slice(1).map(Number);
  const y = month > 2 ? year : year - 1;
  const days =
    365 * y + Math.floor(y / 4) - Math.floor(y / 100) + Math.floor(y / 400) + Math.floor((153 * ((month + 9) % 12) + 2) / 5) + day;
  return ((days * 24 + hour) * 60 + minute) * 60 + second;
}

/** Each line stands for the interval before it. */
function secondsOf(instants: readonly number[], rows: number): number | null {
  const span = (instants.at(-1) ?? 0) - (instants[0] ?? 0);
  return instants.length < 2 || span <= 0 ? null : (span / (instants.length - 1)) * rows;
}

function exitsOf(values: Values, seconds: number | null, problems: CaptureProblem[], last: number): ReadLines {
  const counts = new ExitCounts();
  const add = (reason: string, name: string): void => {
    const { value, line } = values.get(name) ?? { value: 0, line: 0 };
    if (value > 0) counts.add(line, { reason, count: value, times: null });
  };
  const notes: string[] = [];
  const traced = [...values.keys()].filter((name) => REASON.test(name));
  for (const name of traced) add(REASON.exec(name)?.[1] as string, name);
  if (traced.length === 0) {
    for (const [name, reason] of STATISTICS) add(reason, name);
    const rest = (values.get("exits")?.value ?? 0) - counts.total;
    if (rest > 0) {
      counts.add(values.get("exits")?.line ?? 0, { reason: "MSR_WRITE", count: rest, times: null });
      notes.push(`${rest} exits have no statistic of their own and are taken for MSR_WRITE; kvm_stat -t would tell`);
    }
  }
  if (counts.total === 0 && problems.length === 0) {
    problems.push({ line: last, expected: "kvm_exit(REASON) of kvm_stat -t, or exits", came: "no exit at all" });
  }
  const total = traced.length > 0 ? (values.get("kvm_exit")?.value ?? null) : null;
  // The screen's and the log's own rounding: values are read one after the other while exits go on.
  return {
    exits: counts.exits,
    lines: counts.lines,
    total: total === null ? null : Math.max(total, counts.total),
    seconds,
    msrs: [],
    problems,
    notes,
  };
}
