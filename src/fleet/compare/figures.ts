/** The figures that a comparison speaks of, as a catalogue: each one a function of what was measured. */
import { COMPONENT_NAMES } from "../../cost/components.ts";
import { CPU_USES, VCPU_STATES } from "../../kvm/counters.ts";
import type { LogHistogram } from "../../lib/log-histogram.ts";
import { EXIT_LABELS, type Measured } from "./measured.ts";

export const UNITS = ["cores", "cycles_per_second", "per_second", "share", "cycles", "ns"] as const;
export type Unit = (typeof UNITS)[number];

export interface Figure {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly unit: Unit;
  readonly doc: string;
  /** Null where there is nothing to take it from: the mean of no exits. */
  of(measured: Measured): number | null;
}

const figure = (name: string, unit: Unit, doc: string, of: Figure["of"], labels: Figure["labels"] = {}): Figure => ({
  name,
  labels,
  unit,
  doc,
  of,
});

const ratio = (above: number, below: number): number | null => (below > 0 ? above / below : null);
const total = (measured: Measured, sum: "exits" | "exitCycles"): number =>
  EXIT_LABELS.reduce((whole, _, i) => whole + measured.at(sum, i), 0);
const THOUSAND_VCPUS = 1000;

const use = (name: (typeof CPU_USES)[number]): number => CPU_USES.indexOf(name);

export const HEADLINE = {
  exit_cores: figure("exit_cores_per_1000_vcpus", "cores", "cores that handle exits, mitigations included, for a thousand vCPUs", (m) => {
    const seconds = m.at("useSeconds", use("exit_work")) + m.at("useSeconds", use("exit_mitigation"));
    return ratio(THOUSAND_VCPUS * seconds, m.at("vcpuSeconds"));
  }),
  guest_work: figure("guest_work_per_second_per_vcpu", "cycles_per_second", "useful guest cycles: the benchmark score", (m) =>
    ratio(m.at("workCycles"), m.at("vcpuSeconds")),
  ),
  exits: figure("exits_per_second_per_vcpu", "per_second", "VM exits", (m) => ratio(total(m, "exits"), m.at("vcpuSeconds"))),
  exit_cycles: figure("cycles_per_exit", "cycles", "host TSC cycles of an exit, blocked and polling time excluded", (m) =>
    ratio(total(m, "exitCycles"), total(m, "exits")),
  ),
  hit_rate: figure("fastpath_hit_rate", "share", "capable exits that a fastpath took: preemption_timer, tsc_deadline, icr", (m) =>
    ratio(m.at("hits"), m.at("hits") + m.at("misses")),
  ),
  c0_share: figure("c0_share", "share", "time in which the CPU under a vCPU is in no C-state", (m) => {
    const asleep = ratio(m.at("asleepSeconds"), m.at("vcpuSeconds"));
    return asleep === null ? null : 1 - asleep;
  }),
} as const satisfies Record<string, Figure>;

const STATISTICS: Readonly<Record<string, (of: LogHistogram) => number | null>> = {
  mean: (of) => of.mean(),
  p50: (of) => of.quantile(0.5),
  p99: (of) => of.quantile(0.99),
};

const latencies = (name: string, doc: string, of: (measured: Measured) => LogHistogram): Figure[] =>
  Object.entries(STATISTICS).map(([statistic, take]) => figure(name, "ns", doc, (m) => take(of(m)), { statistic }));

export const LATENCIES: readonly Figure[] = [
  ...latencies("timer_latency", "from a timer's deadline to the guest's handler", ({ timer }) => timer),
  ...latencies("ipi_latency", "from sending an IPI to the receiver's handler", ({ ipi }) => ipi),
];

const CPU_CORES: readonly Figure[] = CPU_USES.map((name, i) =>
  figure(
    "cpu_cores_per_1000_vcpus",
    "cores",
    "the host's CPU time by use, for a thousand vCPUs",
    (m) => ratio(THOUSAND_VCPUS * m.at("useSeconds", i), m.at("vcpuSeconds")),
    { use: name },
  ),
);

const VCPU_TIME: readonly Figure[] = VCPU_STATES.map((state, i) =>
  figure("vcpu_time_share", "share", "the vCPUs' time by state", (m) => ratio(m.at("stateSeconds", i), m.at("vcpuSeconds")), { state }),
);

interface Exits {
  /** Without `path`: on all paths. */
  readonly labels: Figure["labels"];
  readonly indices: readonly number[];
}

/** Each exit by itself; where it has several paths, all together first, since that is what a fastpath gains. */
const EXITS: readonly Exits[] = EXIT_LABELS.flatMap((labels, i) => {
  const alike = EXIT_LABELS.flatMap(({ reason, msr }, other) => (reason === labels.reason && msr === labels.msr ? [other] : []));
  const { path: _, ...onAllPaths } = labels;
  const itself = { labels: { ...labels }, indices: [i] };
  return alike.length > 1 && alike[0] === i ? [{ labels: onAllPaths, indices: alike }, itself] : [itself];
});

const over = (measured: Measured, sum: "exits" | "exitCycles", indices: readonly number[]): number =>
  indices.reduce((whole, i) => whole + measured.at(sum, i), 0);

const EXIT_RATES: readonly Figure[] = EXITS.map(({ labels, indices }) =>
  figure("exits_per_second_per_vcpu", "per_second", "VM exits", (m) => ratio(over(m, "exits", indices), m.at("vcpuSeconds")), labels),
);

const EXIT_CYCLES: readonly Figure[] = EXITS.map(({ labels, indices }) =>
  figure(
    "cycles_per_exit",
    "cycles",
    "host TSC cycles of an exit",
    (m) => ratio(over(m, "exitCycles", indices), over(m, "exits", indices)),
    labels,
  ),
);

const COMPONENTS: readonly Figure[] = COMPONENT_NAMES.map((component, i) =>
  figure(
    "exit_cycles_per_second_per_vcpu",
    "cycles_per_second",
    "cycles of exits by what spent them",
    (m) => ratio(m.at("components", i), m.at("vcpuSeconds")),
    { component },
  ),
);

/** All of them, the most important first. */
export const FIGURES: readonly Figure[] = [
  ...Object.values(HEADLINE),
  ...LATENCIES,
  ...CPU_CORES,
  ...VCPU_TIME,
  ...EXIT_RATES,
  ...EXIT_CYCLES,
  ...COMPONENTS,
];
