/** AMD: which fastpaths SVM has, what they gain, and what AVIC leaves them to do. */
import type { HostSpecPatch } from "../../config/host-schema.ts";
import { explainGuest } from "../../kvm/explain-guest.ts";
import { resolveHost } from "../../kvm/resolve.ts";
import type { ResolvedGuest } from "../../kvm/resolved.ts";
import type { UnitTestName } from "../../kvm/unit-tests.ts";
import { type Gain, GAIN_COLUMNS, gainCells, gainOf, gainRuns } from "./gain.ts";
import { hostOf, type Machine, NO_ADVANCE, TEST_GUEST } from "./machines.ts";
import type { Cell, Findings, ReportTable } from "./report-table.ts";

const MILAN: Machine = { name: "EPYC Milan", spec: { cpu: "epyc-milan", cpus: 64 } };
const GENOA: Machine = { name: "EPYC Genoa", spec: { cpu: "epyc-genoa", cpus: 64 } };

interface Case {
  readonly machine: Machine;
  readonly kernel: string;
}

/** What the vendor's kernel has, the first with re-entry, and the first with TSC_DEADLINE on AMD. */
const CASES: readonly Case[] = [
  { machine: MILAN, kernel: "c84" },
  { machine: MILAN, kernel: "linux-6.12" },
  { machine: MILAN, kernel: "linux-6.18" },
  { machine: GENOA, kernel: "linux-6.18" },
];

interface Test {
  readonly fastpath: "tsc_deadline" | "icr";
  readonly test: UnitTestName;
}

const TESTS: readonly Test[] = [
  { fastpath: "tsc_deadline", test: "tscdeadline_immed" },
  { fastpath: "icr", test: "ipi" },
];

export const amd: ReportTable = {
  title: "AMD: the fastpaths of SVM",
  method:
    "The functional test on AMD: the same tests, AVIC as the kernel has it by default. There is no preemption timer, so no fastpath for it. " +
    "Most cycles of AMD's hardware are assumed: trust who hits and who misses more than the figures.",
  columns: [
    { key: "cpu", title: "CPU" },
    { key: "kernel", title: "kernel" },
    { key: "avic", title: "AVIC" },
    { key: "exit", title: "exit" },
    { key: "test", title: "test" },
    { key: "state", title: "fastpath" },
    ...GAIN_COLUMNS,
    { key: "exits_disabled", title: "exits an iteration, disabled", unit: "number" },
    { key: "exits_enabled", title: "enabled", unit: "number" },
  ],
  runs: (seeds) => CASES.length * TESTS.length * gainRuns(seeds),
  *fill(seeds): Generator<void, Findings> {
    const rows: Record<string, Cell>[] = [];
    const whys = new Set<string>();
    for (const { machine, kernel } of CASES) {
      for (const { fastpath, test } of TESTS) {
        const on = [{ kernel }, TEST_GUEST, NO_ADVANCE];
        const off: HostSpecPatch = { fastpath: { [fastpath]: "off" } };
        const gain = yield* gainOf(test, hostOf(machine, ...on, off), hostOf(machine, ...on), seeds);
        const host = resolveHost(hostOf(machine, ...on));
        const guest = host.guests[0] as ResolvedGuest;
        const predicate = explainGuest(host, guest).find((row) => row.predicate === `fastpath ${fastpath}`);
        const state = predicate?.value ?? "";
        if (state !== "live") whys.add(`${machine.name}, ${kernel}, fastpath ${fastpath}: ${state}, since ${predicate?.why}.`);
        const avic = guest.apicvActive.value ? "on" : "off";
        rows.push({ cpu: machine.name, kernel, avic, exit: EXITS[fastpath], test, state, ...gainCells(gain), ...exitCells(gain) });
      }
    }
    return { rows, findings: [WITHOUT_AVIC, ...whys] };
  },
};

const exitCells = ({ exits }: Gain) => ({ exits_disabled: exits.disabled, exits_enabled: exits.enabled });

const WITHOUT_AVIC =
  "Without AVIC an IPI is kicked into a target that runs, which costs the target an `interrupt` exit. Back to back the sender with the fastpath is soon " +
  "enough to find its target still in its EOI's exit and kicks nothing; without it comes too late, so that exit comes on top of what the write itself takes.";

const EXITS = { tsc_deadline: "msr TSC_DEADLINE", icr: "msr APIC_ICR" } as const;
