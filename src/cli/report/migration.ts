/** Migration: a guest that moves from a host with fastpaths to one without, and back. */
import { DIRTY_MIB_PER_SECOND, LINK_MIB_PER_SECOND, MEMORY_GIB, STAYS, travel, type Stayed } from "./migration-journey.ts";
import { type Cell, estimate, type Findings, type ReportTable } from "./report-table.ts";

export const migration: ReportTable = {
  title: "Migration: from fastpath to slow path and back",
  method:
    `A guest of kvm-unit-tests (\`tscdeadline_latency\`, computing, ${MEMORY_GIB} GiB, ${DIRTY_MIB_PER_SECOND} MiB dirtied a second) moves along the hosts, ` +
    `all of them Skylakes of one frequency, as any VM of a fleet does: rounds of pre-copy while KVM logs what it writes to, over a link of ${LINK_MIB_PER_SECOND} MiB/s; ` +
    "then its vCPUs leave the guest, and the destination restores them, the LAPIC before the deadline, which is armed by that host's own predicates. Each " +
    "handler arms the next deadline, so deadlines armed less those handled is the one still ahead. Columns up to the latency are of the time before the " +
    "way on begins, the counts of the whole stay, the last three columns of the way on.",
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
    { key: "rounds", title: "rounds of pre-copy", unit: "count" },
    { key: "dirty_log", title: "guest time lost to the dirty log", unit: "share" },
    { key: "downtime", title: "downtime", unit: "ms" },
  ],
  runs: (seeds) => seeds,
  *fill(seeds): Generator<void, Findings> {
    const journeys: (readonly Stayed[])[] = [];
    for (const seed of seeds) {
      journeys.push(travel(seed));
      yield;
    }
    let ahead = journeys.map(() => 0);
    const rows = STAYS.map(({ stay }, i): Record<string, Cell> => {
      const stayed = journeys.map((journey) => journey[i] as Stayed);
      ahead = stayed.map(({ armed, handled }, s) => (ahead[s] ?? 0) + armed - handled);
      const left = stayed.flatMap(({ way }) => way ?? []);
      const [first] = stayed;
      return {
        stay,
        timer: first?.timer ?? "",
        deadline_path: first?.deadline.path ?? "",
        deadline_cycles: estimate(stayed.map(({ deadline }) => deadline.cycles)),
        expiry: first?.expiry ?? "",
        latency: estimate(stayed.map(({ latencyNs }) => latencyNs)),
        armed: estimate(stayed.map(({ armed }) => armed)),
        handled: estimate(stayed.map(({ handled }) => handled)),
        ahead: estimate(ahead),
        rounds: left.length === 0 ? null : estimate(left.map(({ rounds }) => rounds)),
        dirty_log: left.length === 0 ? null : estimate(left.map(({ lost }) => lost)),
        downtime: left.length === 0 ? null : estimate(left.map(({ downtimeMs }) => downtimeMs)),
      };
    });
    return { rows, findings: FINDINGS };
  },
};

const FINDINGS = [
  "A fastpath does what the handler does, only sooner: no CPUID bit, MSR or memory differs, so the guest notices nothing but time. A deadline is absolute; " +
    "one that passed on the way fires at once on arrival. One deadline is ahead at each stay's end, so none was lost and none fired twice.",
  "The downtime is what the guest dirtied in the last round over the link, 1 ms until it has stopped and 9 ms until it runs (both assumed); no fastpath has a part in it.",
];
