/** `fastpathd report`: the tables that a backport is decided by, filled by the emulator. */
import { Progress } from "./progress.ts";
import { tableMarkdown } from "./report/markdown.ts";
import type { Findings, ReportTable } from "./report/report-table.ts";
import { REPORT_TABLE_NAMES, REPORT_TABLES, type ReportTableName } from "./report/tables.ts";

export interface ReportFlags {
  readonly only?: string;
  readonly seed: number;
  readonly seeds: number;
  readonly json: boolean;
}

/** Fills and prints the tables; returns the exit code. */
export function report(flags: ReportFlags): number {
  const names = flags.only === undefined ? REPORT_TABLE_NAMES : flags.only.split(",");
  const unknown = names.filter((name) => !isTable(name));
  if (unknown.length > 0) {
    console.error(`--only: expected some of ${REPORT_TABLE_NAMES.join(", ")}; came ${unknown.join(", ")}`);
    return 2;
  }
  const seeds = Array.from({ length: flags.seeds }, (_, i) => flags.seed + i);
  const filled = fill(names.filter(isTable), seeds);
  console.log(flags.json ? JSON.stringify(view(filled, seeds, flags), null, 2) : markdown(filled, seeds, flags));
  return 0;
}

interface Filled {
  readonly name: ReportTableName;
  readonly table: ReportTable;
  readonly content: Findings;
}

const isTable = (name: string): name is ReportTableName => REPORT_TABLE_NAMES.some((known) => known === name);

function fill(names: readonly ReportTableName[], seeds: readonly number[]): Filled[] {
  const progress = new Progress("report");
  const total = names.reduce((sum, name) => sum + REPORT_TABLES[name].runs(seeds.length), 0);
  let done = 0;
  const filled = names.map((name): Filled => {
    const table: ReportTable = REPORT_TABLES[name];
    const running = table.fill(seeds);
    for (let step = running.next(); ; step = running.next()) {
      if (step.done === true) return { name, table, content: step.value };
      progress.show(++done / total, name);
    }
  });
  progress.done();
  return filled;
}

const commandOf = (name: ReportTableName, { seed, seeds }: ReportFlags): string =>
  `fastpathd report --only ${name} --seed ${seed} --seeds ${seeds}`;

function view(filled: readonly Filled[], seeds: readonly number[], flags: ReportFlags) {
  return {
    seeds,
    confidence: 0.95,
    tables: filled.map(({ name, table, content }) => ({
      name,
      title: table.title,
      method: table.method,
      command: commandOf(name, flags),
      columns: table.columns,
      ...content,
    })),
  };
}

function markdown(filled: readonly Filled[], seeds: readonly number[], flags: ReportFlags): string {
  const tables = filled.map(({ name, table, content }) => tableMarkdown(table, content, commandOf(name, flags)));
  const intro =
    `Every figure is emulated, none is typed in. ${seeds.length === 1 ? "Seed" : "Seeds"} ${seeds.join(", ")}; ± is half the 95 % confidence interval: ` +
    "of the mean over seeds (Student's t) for kvm-unit-tests, of the paired difference (batch means) where hosts are compared.";
  return ["# fastpathd report", intro, ...tables].join("\n\n");
}
