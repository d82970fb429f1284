/** The tables of `report`, in the order in which they are printed. */
import { amd } from "./amd.ts";
import { dpdk } from "./dpdk.ts";
import { functional } from "./functional.ts";
import { guestBenchmark } from "./guest-benchmark.ts";
import { ipiGain } from "./ipi-gain.ts";
import { migration } from "./migration.ts";
import type { ReportTable } from "./report-table.ts";

export const REPORT_TABLES = {
  functional,
  "guest-benchmark": guestBenchmark,
  migration,
  dpdk,
  "ipi-gain": ipiGain,
  amd,
} as const satisfies Record<string, ReportTable>;

export type ReportTableName = keyof typeof REPORT_TABLES;
export const REPORT_TABLE_NAMES = Object.keys(REPORT_TABLES) as ReportTableName[];
