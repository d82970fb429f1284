/** Migration: a guest that moves from a host with fastpaths to one without, and back. */
import type { HostSpecPatch } from "../../config/host-schema.ts";
import { LogHistogram } from "../../lib/log-histogram.ts";
import { Samples } from "../../guest/unit-tests/samples.ts";
import { Bystander } from "../../guest/unit-tests/exit-loop.ts";
import { DeadlineLatency } from "../../guest/unit-tests/tsc-deadline.ts";
import { cellOf } from "../../kvm/exit-kinds.ts";
import { KvmHost } from "../../kvm/host.ts";
import { resolveHost } from "../../kvm/resolve.ts";
import type { ResolvedHost } from "../../kvm/resolved.ts";
import type { SavedVm } from "../../kvm/saved-vm.ts";
import { hostOf, NO_ADVANCE, SKYLAKE, TEST_GUEST } from "./machines.ts";
import { type Cell, estimate, type Findings, type ReportTable } from "./report-table.ts";

interface Stay {
  readonly stay: string;
  readonly spec: HostSpecPatch;
}

const FAST: HostSpecPatch = { kernel: "c84" };
const STAYS: readonly Stay[] = [
  { stay: "1. fastpaths (c84)", spec: FAST },
  { stay: "2. none (rhel-8.2)", spec: { kernel: "rhel-8.2" } },
  { stay: "3. fastpaths again (c84)", spec: FAST },
  { stay: "4. DPDK host, unfixed (c84, nohz_full)", spec: { ...FAST, cmdline: { nohz_full: "63" } } },
  { stay: "5. fastpaths again (c84)", spec: FAST },
];

const SECONDS = 0.25;
/** From the VM's stop on one host to its start on the other (assumed: a quiet VM on a fast link). */
const DOWNTIME_SECONDS = 0.02;
/** Between two looks at whether the VM has stopped. */
const STEP = 1000;
const VM = "test-1";

/** What one stay showed. */
interface Stayed {
  readonly deadline: { readonly path: string; readonly cycles: number };
  readonly expiry: string;
  readonly armed: number;
  readonly handled: number;
  readonly latency: LogHistogram;
}

export const migration: ReportTable = {
  title: "Migration: from fastpath to slow path and back",
  method:
    "A guest of kvm-unit-tests (`tscdeadline_latency`, computing) moves along the hosts, all of them Skylakes of one frequency: saved when its vCPUs have " +
    `left the guest, restored ${DOWNTIME_SECONDS * 1000} ms later, the LAPIC before the deadline, which is armed by the new host's own predicates. Each ` +
    "handler arms the next deadline, so deadlines armed less those handled is the one still ahead.",
  columns: [
    { key: "stay", title: "host" },
    { key: "timer", title: "timer" },
    { key: "deadline_path", title: "TSC_DEADLINE write" },
    { key: "deadline_cycles", title: "its cycles", unit: "cycles" },
    { key: "expiry", title: "expiry" },
    { key: "latency", title: "deadline to handler, median", unit: "ns" },
    { key: "armed", title: "deadlines armed", unit: "count" },
    { key: "handled", title: "handled", unit: "count" },
    { key: "ahead", title: "ahead at the end", unit: "count" },
  ],
  runs: (seeds) => seeds,
  *fill(seeds): Generator<void, Findings> {
    const journeys: (readonly Stayed[])[] = [];
    for (const seed of seeds) {
      journeys.push(travel(seed));
      yield;
    }
    let ahead = journeys.map(() => 0);
    const rows = STAYS.map(({ stay, spec }, i): Record<string, Cell> => {
      const stayed = journeys.map((journey) => journey[i] as Stayed);
      ahead = stayed.map(({ armed, handled }, s) => (ahead[s] ?? 0) + armed - handled);
      const [first] = stayed;
      return {
        stay,
        timer: resolved(spec).guests[0]?.timerMode.value ?? "",
        deadline_path: first?.deadline.path ?? "",
        deadline_cycles: estimate(stayed.map(({ deadline }) => deadline.cycles)),
        expiry: first?.expiry ?? "",
        latency: estimate(stayed.map(({ latency }) => latency.quantile(0.5) ?? 0)),
        armed: estimate(stayed.map(({ armed }) => armed)),
        handled: estimate(stayed.map(({ handled }) => handled)),
        ahead: estimate(ahead),
      };
    });
    return { rows, findings: [FINDING] };
  },
};

const FINDING =
  "A fastpath does what the handler does, only sooner: no CPUID bit, MSR or memory differs, so the guest notices nothing but time. A deadline is absolute; " +
  "one that passed on the way fires at once on arrival. One deadline is ahead at each stay's end, so none was lost and none fired twice.";

const resolved = (spec: HostSpecPatch): ResolvedHost => resolveHost(hostOf(SKYLAKE, spec, TEST_GUEST, NO_ADVANCE));

/** The whole journey at one seed. */
function travel(seed: number): readonly Stayed[] {
  const samples = new Samples(Infinity, 0);
  const programs = [new DeadlineLatency(samples, false), new Bystander()];
  let saved: SavedVm | undefined;
  return STAYS.map(({ spec }, i) => {
    const at = resolved(spec);
    const without = { ...at, guests: [] };
    const host = new KvmHost(i === 0 ? at : without, seed + i, () => programs);
    const seen = watch(host, at);
    const handled = samples.values.length;
    if (saved !== undefined) {
      host.configure(at, { name: VM, saved, elapsed: Math.round(DOWNTIME_SECONDS * at.tscHz) });
    }
    host.advance(Math.round(SECONDS * at.tscHz));
    host.control.pause(VM);
    for (let now = host.now; !host.control.isPaused(VM); now = host.now) host.advance(now + STEP);
    saved = host.control.takeOut(VM, without);
    return seen(samples.values.length - handled);
  });
}

/** Looks at exits and latencies of a host; what is returned ends it. */
function watch(host: KvmHost, { cpu, tscHz }: ResolvedHost): (handled: number) => Stayed {
  const latency = new LogHistogram();
  const writes = new Map<string, { count: number; cycles: number }>();
  const others = new Map<string, number>();
  host.observeLatencies({ timer: (cycles) => latency.add((cycles * 1e9) / tscHz), ipi: () => undefined });
  host.observe((vcpu, kind, total) => {
    if (vcpu.index !== 0) return;
    const { reason, msr, path } = cellOf(kind, cpu.vendor);
    if (msr === "tsc_deadline") {
      const write = writes.get(path) ?? { count: 0, cycles: 0 };
      writes.set(path, { count: write.count + 1, cycles: write.cycles + total });
    } else others.set(`${reason} ${path}`, (others.get(`${reason} ${path}`) ?? 0) + 1);
  });
  return (handled) => {
    const [path, { count, cycles }] = most(writes, ({ count: times }) => times);
    const armed = [...writes.values()].reduce((sum, { count: times }) => sum + times, 0);
    const [expiry, times] = most(others, (value) => value);
    // What happens less often than half of the expiries is not how they come.
    return { deadline: { path, cycles: cycles / count }, expiry: times > armed / 2 ? expiry : "no exit", armed, handled, latency };
  };
}

function most<T>(of: ReadonlyMap<string, T>, weight: (value: T) => number): readonly [string, T] {
  const [first, ...rest] = of;
  if (first === undefined) throw new RangeError("a guest that arms its timer exits");
  return rest.reduce((best, entry) => (weight(entry[1]) > weight(best[1]) ? entry : best), first);
}
