/**
 * Text of `perf kvm stat report` and `perf kvm stat live`:
 *
 *              VM-EXIT    Samples  Samples%     Time%    Min Time    Max Time         Avg time
 *                  HLT       2232     8.62%    99.90%      0.56us 1001118.99us  30567.94us ( +-   3.08% )
 *
 *   Total Samples:25898, Total events handled time:68284126.49us.
 *
 * Linux tools/perf/builtin-kvm.c print_result. Versions before 3.13 lack the minimum and the
 * maximum; live output repeats the table, under the time of day; a table of `--event msr` tells the
 * writes apart.
 */
import { type CapturedMsr, type CapturedTimes, type CaptureProblem, ExitCounts, type ReadLines, shown } from "./capture.ts";

/** Columns that may stand in a heading, in any order. */
const COLUMNS = ["Samples", "Samples%", "Time%", "Min Time", "Max Time", "Avg time"] as const;
type Column = (typeof COLUMNS)[number];

const NUMBER: Readonly<Record<Column, string>> = {
  Samples: String.raw`(?<samples>\d+)`,
  "Samples%": String.raw`\d+(?:\.\d+)?%`,
  "Time%": String.raw`(?:\d+(?:\.\d+)?|-?nan)%`,
  "Min Time": String.raw`(?<minUs>\d+(?:\.\d+)?)us`,
  "Max Time": String.raw`(?<maxUs>\d+(?:\.\d+)?)us`,
  "Avg time": String.raw`(?<avgUs>\d+(?:\.\d+)?)us(?:\s*\(\s*\+-\s*(?:(?<error>\d+(?:\.\d+)?)|-?nan)%\s*\))?`,
};

/** What a table's first column is: exits, or accesses to MSRs. */
type Kind = "exits" | "msrs";

interface Table {
  readonly kind: Kind;
  readonly columns: readonly Column[];
  readonly row: RegExp;
}

/** Rounding of what perf prints. */
const ROUNDING_US = 0.02;

/** The heading of one of perf's tables, or null. */
function headingOf(line: string): Table | null {
  const found = /^\s*(VM-EXIT|MSR Access)\s+(Samples\b.*)$/.exec(line);
  if (found === null) return null;
  const [, title = "", rest = ""] = found;
  const columns: Column[] = [];
  let left = rest.trim();
  while (left !== "") {
    const column = COLUMNS.toSorted((a, b) => b.length - a.length).find((name) => left.startsWith(name));
    if (column === undefined) return null;
    columns.push(column);
    left = left.slice(column.length).trimStart();
  }
  const row = new RegExp(String.raw`^\s*(\S.*?)\s+${columns.map((column) => NUMBER[column]).join(String.raw`\s+`)}\s*$`);
  return { kind: title === "VM-EXIT" ? "exits" : "msrs", columns, row };
}

/** perf's text begins with one of its headings. */
export const isPerfReport = (lines: readonly string[]): boolean => lines.some((line) => headingOf(line) !== null);

export function readPerfReport(lines: readonly string[]): ReadLines {
  const reader = new PerfReader();
  for (const [index, line] of lines.entries()) reader.line(index + 1, line);
  return reader.end(lines.length);
}

class PerfReader {
  private readonly counts = new ExitCounts();
  private readonly msrs: CapturedMsr[] = [];
  private readonly problems: CaptureProblem[] = [];
  /** Times of day above the blocks of live output, seconds. */
  private readonly clock: number[] = [];
  private total = 0;
  private footers = 0;
  private blocks = 0;
  private table: Table | null = null;
  /** What the rows of the table add up to. */
  private rows = 0;

  line(number: number, line: string): void {
    const heading = headingOf(line);
    if (heading !== null) {
      this.table = heading;
      this.rows = 0;
      if (heading.kind === "exits") this.blocks++;
      return;
    }
    const time = /^\s*(\d\d):(\d\d):(\d\d(?:\.\d+)?)\s*$/.exec(line);
    if (time !== null) {
      this.clock.push(Number(time[1]) * 3600 + Number(time[2]) * 60 + Number(time[3]));
      this.table = null;
      return;
    }
    // What stands between the tables is the shell's, or perf's progress.
    if (this.table === null || line.trim() === "" || line.trimStart().startsWith("#")) return;
    if (/^\s*Total Samples\s*:/.test(line)) this.footer(number, line, this.table);
    else this.row(number, line, this.table);
  }

  end(last: number): ReadLines {
    if (this.blocks === 0) this.problems.push({ line: last, expected: "a table of VM-EXIT", came: "tables of other events alone" });
    else if (this.counts.exits.length === 0 && this.problems.length === 0) {
      this.problems.push({ line: last, expected: "a line of an exit reason below the heading", came: "the end of the text" });
    }
    const total = this.footers > 0 && this.footers === this.blocks ? this.total : null;
    return {
      exits: this.counts.exits,
      lines: this.counts.lines,
      total,
      seconds: this.seconds,
      msrs: this.msrs,
      problems: this.problems,
      notes: [],
    };
  }

  /** Live output says when each block was printed: as many intervals as blocks, the last one measured like the others. */
  private get seconds(): number | null {
    const { clock } = this;
    const gaps = clock.slice(1).map((at, i) => at - (clock[i] as number));
    if (gaps.length === 0 || gaps.some((gap) => gap <= 0)) return null;
    return (gaps.reduce((sum, gap) => sum + gap, 0) / gaps.length) * this.blocks;
  }

  private row(number: number, line: string, table: Table): void {
    const found = table.row.exec(line);
    if (found === null) {
      this.problems.push({ line: number, expected: `${titleOf(table)}, then ${table.columns.join(", ")}`, came: shown(line) });
      return;
    }
    const [name = "", count = numberOf(found, "samples") ?? 0] = [found[1]];
    this.rows += count;
    if (!Number.isSafeInteger(this.rows)) {
      this.problems.push({ line: number, expected: "a count of exits", came: shown(line) });
      return;
    }
    if (table.kind === "msrs") this.msr(number, name, count);
    else {
      const times = timesOf(found);
      if (times !== null && !ordered(times)) {
        this.problems.push({ line: number, expected: "an average between the minimum and the maximum", came: shown(line) });
      } else this.counts.add(number, { reason: name, count, times });
    }
  }

  /** `0x6e0:W`. */
  private msr(number: number, name: string, count: number): void {
    const found = /^(0x[0-9a-f]+):([RW])$/.exec(name);
    if (found === null) this.problems.push({ line: number, expected: "an MSR such as 0x6e0:W", came: shown(name) });
    else if (found[2] === "W") this.msrs.push({ msr: Number(found[1]), count });
  }

  private footer(number: number, line: string, table: Table): void {
    this.table = null;
    const found = /Total Samples\s*:\s*(\d+)\b/.exec(line);
    if (found === null) {
      this.problems.push({ line: number, expected: "Total Samples:COUNT, Total events handled time:TIMEus.", came: shown(line) });
      return;
    }
    const total = Number(found[1]);
    if (total < this.rows) {
      this.problems.push({ line: number, expected: `a total of at least ${this.rows}, the sum of the lines above`, came: String(total) });
    }
    if (table.kind !== "exits") return;
    this.footers++;
    this.total += total;
  }
}

const titleOf = ({ kind }: Table): string => (kind === "exits" ? "an exit reason" : "an MSR");

function numberOf({ groups }: RegExpExecArray, name: string): number | null {
  const text = groups?.[name];
  return text === undefined ? null : Number(text);
}

function timesOf(found: RegExpExecArray): CapturedTimes | null {
  const [avgUs, error] = [numberOf(found, "avgUs"), numberOf(found, "error")];
  if (avgUs === null) return null;
  const avgError = error === null ? null : error / 100;
  return { avgUs, minUs: numberOf(found, "minUs"), maxUs: numberOf(found, "maxUs"), avgError };
}

const ordered = ({ avgUs, minUs, maxUs }: CapturedTimes): boolean =>
  (minUs === null || minUs <= avgUs + ROUNDING_US) && (maxUs === null || avgUs <= maxUs + ROUNDING_US);
