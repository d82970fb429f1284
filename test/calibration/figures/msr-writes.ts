/**
 * Handling times of MSR_WRITE by the MSR that is written, as perf's per-MSR patch of 2021-03-25 printed them of one
 * guest. Assumed: the Skylake of that author's other mails, and a guest that is mostly busy, so that few of its
 * writes are IPIs; its timers take the normal path, for perf of that time does not see a re-entered fastpath.
 */
import { cellOf } from "../../../src/kvm/exit-kinds.ts";
import { KvmHost } from "../../../src/kvm/host.ts";
import { PerfWindow, UNSEEN } from "../../../src/kvm/perf-window.ts";
import { resolveHost } from "../../../src/kvm/resolve.ts";
import type { PublishedFigure } from "../figure.ts";
import { machine } from "../machine.ts";
import { once } from "../measure.ts";

const SPEC = machine("skx-2500", {
  kernel: "linux-5.10",
  fastpath: { tsc_deadline: "off", preemption_timer: "off" },
  guests: { vm: { vcpus: 4, workload: "redis" } },
});
const SECONDS = 1;

interface Writes {
  samples: number;
  cycles: number;
}

/** Writes that perf would see, by MSR. */
function writes(): ReadonlyMap<string, Writes> {
  const resolved = resolveHost(SPEC);
  const { cpu, traits, tscHz } = resolved;
  const host = new KvmHost(resolved, 1);
  const window = new PerfWindow(traits, cpu.vendor, cpu.cycles.softwareScale.value);
  const seen = new Map<string, Writes>();
  host.advance(tscHz);
  host.observe((vcpu, kind, _total, end) => {
    const cycles = window.duration(vcpu, kind, end);
    const { reason, msr } = cellOf(kind, cpu.vendor);
    if (reason !== "MSR_WRITE" || cycles === UNSEEN) return;
    const of = seen.get(msr) ?? { samples: 0, cycles: 0 };
    seen.set(msr, { samples: of.samples + 1, cycles: of.cycles + cycles });
  });
  host.advance(tscHz * (1 + SECONDS));
  return seen;
}

const shareOf = (msr: string): number => {
  const seen = once("writes by MSR", writes);
  const all = [...seen.values()].reduce((sum, { samples }) => sum + samples, 0);
  return (seen.get(msr)?.samples ?? 0) / all;
};

const averageNs = (msr: string): number => {
  const { samples, cycles } = once("writes by MSR", writes).get(msr) ?? { samples: 1, cycles: 0 };
  return ((cycles / samples) * 1e9) / resolveHost(SPEC).tscHz;
};

const WAKES = "each IPI of this guest wakes a vCPU that sleeps; those of that guest did so less often";

interface Row {
  readonly msr: "tsc_deadline" | "icr";
  readonly pct: number;
  readonly us: number;
  readonly open?: string;
}

const ROWS: readonly Row[] = [
  { msr: "tsc_deadline", pct: 98.17, us: 0.9 },
  { msr: "icr", pct: 1.74, us: 0.82, open: WAKES },
];

export const MSR_WRITES: readonly PublishedFigure[] = ROWS.flatMap(({ msr, pct, us, open }): PublishedFigure[] => [
  {
    id: `writes of one guest by MSR, ${msr}, share`,
    published: pct / 100,
    unit: "ratio",
    grade: "read",
    within: { points: 0.05 },
    emulate: () => shareOf(msr),
  },
  {
    id: `writes of one guest by MSR, ${msr}, average`,
    published: us * 1000,
    unit: "ns",
    grade: "read",
    within: { factor: 1.5 },
    ...(open === undefined ? {} : { open }),
    emulate: () => averageNs(msr),
  },
]);
