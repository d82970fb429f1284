/** The DPDK host: what its nohz_full does to the timers of every VM, and what undoes that. */
import type { HostSpecPatch } from "../../config/host-schema.ts";
import { resolveHost } from "../../kvm/resolve.ts";
import { type FigureOf, figuresOf } from "./figures-of.ts";
import { FASTPATHS_OFF, hostOf, SKYLAKE } from "./machines.ts";
import { type Cell, estimateOf, type Findings, type ReportTable } from "./report-table.ts";

/** CPUs 32 to 63 are isolated for the poll-mode guest; the ordinary ones run on the others. */
const ISOLATED = "32-63";
const ORDINARY: HostSpecPatch = { guests: { web: { vcpus: 4, workload: "web", placement: "2-5" } } };
const POLL_MODE: HostSpecPatch = { guests: { dpdk: { vcpus: 4, workload: "packets", cpu_pm: true, placement: "32-35" } } };

interface Case {
  readonly host: string;
  readonly spec: HostSpecPatch;
}

const ISOLATES: HostSpecPatch = { cmdline: { nohz_full: ISOLATED } };
const CASES: readonly Case[] = [
  { host: "isolcpus, no nohz_full", spec: { cmdline: { isolcpus: ISOLATED } } },
  { host: "nohz_full, unfixed", spec: ISOLATES },
  { host: "nohz_full, fixed (timer-pi-per-vm: 1714a4eb6fb0)", spec: { ...ISOLATES, patches: ["timer-pi-per-vm"] } },
  { host: "nohz_full, unfixed, pi_inject_timer=0", spec: { ...ISOLATES, kvm: { pi_inject_timer: "off" } } },
];
const KERNEL: HostSpecPatch = { kernel: "c84" };
const SECONDS = 3;

/** What each host is compared with: no nohz_full, and none of the fastpaths. */
const WITHOUT: HostSpecPatch = { cmdline: { isolcpus: ISOLATED }, ...FASTPATHS_OFF };

export const dpdk: ReportTable = {
  title: "DPDK hosts: a loss instead of a gain",
  method:
    "Skylake, c84, CPUs 32 to 63 isolated. An ordinary guest (web, 4 vCPUs, housekeeping CPUs) and the poll-mode guest (4 vCPUs, isolated CPUs, " +
    "cpu-pm), each compared with itself on a host without nohz_full and without fastpaths; a positive change of cycles is a loss.",
  columns: [
    { key: "host", title: "host" },
    { key: "timer", title: "ordinary guest: timer" },
    { key: "deadline_cycles", title: "cycles of a TSC_DEADLINE write", unit: "cycles" },
    { key: "deadline_change", title: "change against no fastpath", unit: "share" },
    { key: "exit_cores_change", title: "change of cores on exits", unit: "share" },
    { key: "hit_rate", title: "fastpath hit rate", unit: "share" },
    { key: "dpdk_timer", title: "poll-mode guest: timer" },
    { key: "dpdk_exits", title: "exits per second and vCPU", unit: "number" },
    { key: "dpdk_exit_cores", title: "cores on exits per 1000 vCPUs", unit: "number" },
  ],
  runs: () => 2 * CASES.length,
  *fill(seeds): Generator<void, Findings> {
    const rows: Record<string, Cell>[] = [];
    for (const { host, spec } of CASES) {
      const ordinary = against(ORDINARY, spec, seeds);
      yield;
      const pollMode = against(POLL_MODE, spec, seeds);
      yield;
      const deadline = ordinary("cycles_per_exit", { reason: "MSR_WRITE", msr: "tsc_deadline" });
      rows.push({
        host,
        timer: timerOf(ORDINARY, spec),
        deadline_cycles: plain(deadline?.after),
        deadline_change: estimateOf(deadline?.relative ?? null),
        exit_cores_change: estimateOf(ordinary("exit_cores_per_1000_vcpus")?.relative ?? null),
        hit_rate: plain(ordinary("fastpath_hit_rate")?.after),
        dpdk_timer: timerOf(POLL_MODE, spec),
        dpdk_exits: plain(pollMode("exits_per_second_per_vcpu")?.after),
        dpdk_exit_cores: plain(pollMode("exit_cores_per_1000_vcpus")?.after),
      });
    }
    return { rows, findings: FINDINGS };
  },
};

const FINDINGS = [
  "Unfixed, nohz_full turns `pi_inject_timer` on for every VM: `kvm_can_post_timer_interrupt()` is true, so `kvm_can_use_hv_timer()` is false, the " +
    "write misses its fastpath (cause `no_hv_timer`) and arms an hrtimer on top. The fix asks for MWAIT or HLT in the guest, so ordinary guests get " +
    "the preemption timer back and the poll-mode guest keeps its posted timer. `pi_inject_timer=0` gives it back, too, at the poll-mode guest's expense.",
];

function against(guest: HostSpecPatch, spec: HostSpecPatch, seeds: readonly number[]): FigureOf {
  return figuresOf(hostOf(SKYLAKE, KERNEL, WITHOUT, guest), hostOf(SKYLAKE, KERNEL, spec, guest), seeds, SECONDS);
}

const timerOf = (guest: HostSpecPatch, spec: HostSpecPatch): string =>
  resolveHost(hostOf(SKYLAKE, KERNEL, spec, guest)).guests[0]?.timerMode.value ?? "";

const plain = (value: number | null | undefined): Cell => (value === null || value === undefined ? null : { value, half_width: null });
