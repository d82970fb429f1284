/** Text of `perf kvm stat report`, column by column as tools/perf/builtin-kvm.c print_result prints it. */
import type { StatExit, StatReport } from "../kvm/stat.ts";

/** perf's table and footer. */
export function perfReport({ exits, samples, time_us }: StatReport): string {
  const heading = ["VM-EXIT".padStart(20), ...HEADINGS.map(([name, width]) => name.padStart(width))].join(" ");
  return [
    "",
    "",
    "Analyze events for all VMs, all VCPUs:",
    "",
    `${heading} `,
    "",
    ...exits.map(row),
    "",
    `Total Samples:${samples}, Total events handled time:${time_us.toFixed(2)}us.`,
    "",
  ].join("\n");
}

const HEADINGS = [
  ["Samples", 10],
  ["Samples%", 9],
  ["Time%", 9],
  ["Min Time", 11],
  ["Max Time", 11],
  ["Avg time", 16],
] as const;

function row(exit: StatExit): string {
  const percent = (share: number): string => `${(share * 100).toFixed(2).padStart(8)}%`;
  const time = (us: number): string => `${us.toFixed(2).padStart(9)}us`;
  return [
    exit.reason.padStart(20),
    String(exit.samples).padStart(10),
    percent(exit.share),
    percent(exit.time_share),
    time(exit.min_us),
    time(exit.max_us),
    `${time(exit.avg_us)} ( +-${(exit.avg_error * 100).toFixed(2).padStart(7)}% )`,
  ].join(" ");
}
