/** The table of a comparison: sections of figures, what they were, what they are, how they differ. */
import type { ComparedFigure } from "../fleet/compare/compare.ts";
import type { Unit } from "../fleet/compare/figures.ts";
import { wordFigure } from "../fleet/compare/wording.ts";
import { alignColumns } from "./table.ts";

/** Titles of the figures, in order; figures without labels stand in the section of the whole. */
const TITLES: Readonly<Record<string, string>> = {
  cpu_cores_per_1000_vcpus: "cores per 1000 vCPUs, by use",
  vcpu_time_share: "vCPU time, by state",
  timer_latency: "timer latency, deadline to handler",
  ipi_latency: "IPI latency, send to handler",
  exit_cores_per_1000_vcpus: "cores on exits per 1000 vCPUs",
  guest_work_per_second_per_vcpu: "guest work, cycles per second and vCPU",
  exits_per_second_per_vcpu: "exits per second and vCPU",
  cycles_per_exit: "cycles per exit",
  fastpath_hit_rate: "fastpath hit rate",
  c0_share: "time in C0 of the CPU under a vCPU",
  exit_cycles_per_second_per_vcpu: "cycles of exits per second and vCPU, by component",
};

/** The sum of an exit's paths says nothing where one path is all there is. */
function isNews({ labels }: ComparedFigure, section: readonly ComparedFigure[]): boolean {
  if (labels["reason"] === undefined || labels["path"] !== undefined) return true;
  return section.filter((one) => one.labels["reason"] === labels["reason"] && one.labels["msr"] === labels["msr"]).length > 2;
}

/** Rows in sections; the first section has the figures of the whole. */
export function comparisonTable(figures: readonly ComparedFigure[]): string {
  const whole = figures.filter(({ labels }) => Object.keys(labels).length === 0);
  const rows = [["", "BEFORE", "AFTER", "DIFFERENCE"], ...whole.map((figure) => row(TITLES[figure.name] ?? figure.name, figure))];
  for (const [name, title] of Object.entries(TITLES)) {
    const parts = figures.filter((figure) => figure.name === name && Object.keys(figure.labels).length > 0);
    const shown = parts.filter((figure) => isNews(figure, parts)).map((figure) => row(`  ${labelWords(figure.labels)}`, figure));
    if (shown.length > 0) rows.push([""], [title], ...shown);
  }
  return alignColumns(rows);
}

const row = (title: string, figure: ComparedFigure): string[] => [
  title,
  value(figure.before, figure.unit),
  value(figure.after, figure.unit),
  wordFigure(figure),
];

function labelWords({ reason, msr, path, ...others }: ComparedFigure["labels"]): string {
  if (reason === undefined) return Object.values(others).join(" ");
  const what = msr === undefined || msr === "" ? reason : `${reason} ${msr}`;
  return path === undefined ? what : `${what} ${path}`;
}

function value(figure: number | null, unit: Unit): string {
  if (figure === null) return "-";
  switch (unit) {
    case "share":
      return `${(figure * 100).toFixed(figure !== 0 && Math.abs(figure) < 0.01 ? 3 : 2)} %`;
    case "ns":
      return figure < 10_000 ? `${figure.toFixed(0)} ns` : `${(figure / 1000).toFixed(2)} us`;
    case "cores":
      return figure.toFixed(3);
    case "per_second":
      return figure.toFixed(figure < 10 ? 3 : 1);
    case "cycles":
    case "cycles_per_second":
      return figure.toFixed(0);
  }
}
