/** Guest benchmark: the score of guests that have as much to do as they can, without and with the fastpaths. */
import type { HostSpecPatch } from "../../config/host-schema.ts";
import { figuresOf } from "./figures-of.ts";
import { FASTPATHS_OFF, hostOf, ICE_LAKE, type Machine, SKYLAKE } from "./machines.ts";
import { type Cell, estimateOf, type Findings, type ReportTable } from "./report-table.ts";

interface Benchmark {
  readonly score: string;
  readonly guest: string;
  readonly spec: HostSpecPatch;
  /** Measured time, all seeds together; busy guests are dear to emulate. */
  readonly seconds: number;
}

const BENCHMARKS: readonly Benchmark[] = [
  {
    score: "single-core",
    guest: "1 vCPU computing, tick of 1000 Hz",
    spec: { guests: { one: { vcpus: 1, workload: "packets", hz: 1000 } } },
    seconds: 300,
  },
  {
    score: "multi-core",
    guest: "4 vCPUs passing messages (hackbench)",
    spec: { guests: { four: { vcpus: 4, workload: "hackbench" } } },
    seconds: 1,
  },
];
const MACHINES = [SKYLAKE, ICE_LAKE];
const KERNELS = ["c82", "c84", "linux-5.8"] as const;

export const guestBenchmark: ReportTable = {
  title: "Guest benchmark: what a guest gains",
  method:
    "Useful guest cycles per second and vCPU, of guests that have always something to do, with all three fastpaths off and on. A guest spends only " +
    "a part of its time in exits, so it gains less than the functional test shows.",
  columns: [
    { key: "cpu", title: "CPU" },
    { key: "kernel", title: "kernel" },
    { key: "score", title: "score" },
    { key: "guest", title: "guest" },
    { key: "disabled", title: "fastpaths disabled, Mcycles/s", unit: "number" },
    { key: "enabled", title: "fastpaths enabled, Mcycles/s", unit: "number" },
    { key: "gain", title: "gain", unit: "share" },
    { key: "exit_share", title: "time in exits, disabled", unit: "share" },
  ],
  runs: () => MACHINES.length * KERNELS.length * BENCHMARKS.length,
  fill: (seeds) => fillBenchmarks(MACHINES, KERNELS, seeds),
};

/** The benchmarks on these machines and kernels. */
export function* fillBenchmarks(
  machines: readonly Machine[],
  kernels: readonly string[],
  seeds: readonly number[],
): Generator<void, Findings> {
  const rows: Record<string, Cell>[] = [];
  for (const machine of machines) {
    for (const kernel of kernels) {
      for (const { score, guest, spec, seconds } of BENCHMARKS) {
        const off = hostOf(machine, { kernel }, spec, FASTPATHS_OFF);
        const figure = figuresOf(off, hostOf(machine, { kernel }, spec), seeds, seconds);
        yield;
        const work = figure("guest_work_per_second_per_vcpu");
        rows.push({
          cpu: machine.name,
          kernel,
          score,
          guest,
          disabled: { value: (work?.before ?? 0) / 1e6, half_width: null },
          enabled: { value: (work?.after ?? 0) / 1e6, half_width: null },
          gain: estimateOf(work?.relative ?? null),
          exit_share: { value: figure("vcpu_time_share", { state: "exit" })?.before ?? 0, half_width: null },
        });
      }
    }
  }
  return { rows, findings: [] };
}
