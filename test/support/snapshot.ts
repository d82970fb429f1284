/**
 * Published snapshots without an emulator: hosts whose counters obey conservation and are
 * large, odd and different from host to host, so that a mix-up shows.
 */
import { completeHostSpec } from "../../src/config/defaults.ts";
import type { HostSpecPatch } from "../../src/config/host-schema.ts";
import type { HostPlan } from "../../src/fleet/action.ts";
import { SOUND } from "../../src/fleet/breakage.ts";
import { HIGH_UNIT, type FleetSnapshot, type HostSnapshot } from "../../src/fleet/snapshot.ts";
import { WORKLOAD_NAMES } from "../../src/guest/workloads.ts";
import { CPUS } from "../../src/hw/cpus.ts";
import { SHOWN_CELLS } from "../../src/kvm/exits.ts";
import { AT, COUNTERS_LENGTH, EXIT_CYCLE_EDGES, REGION_SIZE } from "../../src/kvm/counters.ts";
import { FASTPATH_NAMES } from "../../src/kvm/fastpaths.ts";
import { kernelOf } from "../../src/kvm/kernel-choice.ts";
import type { ResolvedGuest, ResolvedHost } from "../../src/kvm/resolved.ts";
import type { HostTimes } from "../../src/metrics/metric.ts";

const SPEC: HostSpecPatch = { guests: { web: { count: 2, vcpus: 4, workload: "web" }, cache: { vcpus: 2, workload: "redis" } } };

/** A plan under a name, with what differs from an ordinary host. */
export function fakePlan(name: string, change: Partial<HostPlan> = {}): HostPlan {
  return { name, group: "public-skx", zone: "bj-a", labels: { team: "compute" }, cohort: "none", spec: completeHostSpec(SPEC), ...change };
}

/** Facts as KVM would resolve them, good enough to be rendered. */
export function fakeResolved(plan: HostPlan): ResolvedHost {
  const { spec } = plan;
  const yes = { value: true, why: "a test says so" };
  const guests = Object.entries(spec.guests).flatMap(([kind, guest]) =>
    Array.from({ length: guest.count }, (_, i): ResolvedGuest => {
      const decided = {
        apicvActive: yes,
        apicvInhibits: [],
        usesSpecCtrl: yes,
        specCtrlDiffers: yes,
        canPostTimer: { ...yes, value: false },
        canUseHvTimer: yes,
        canVirtualizeTimer: { ...yes, value: false },
      };
      const exits = { hltInGuest: false, mwaitInGuest: false, pauseInGuest: false };
      return {
        name: `${kind}-${i + 1}`,
        kind,
        spec: guest,
        ...exits,
        ...decided,
        cpus: [0],
        sharedCpus: null,
        timerMode: { value: "hv_timer", why: "a test says so" },
      };
    }),
  );
  const kernel = kernelOf(spec.kernel);
  const live = (value: boolean) => ({ value, why: "a test says so", capable: value, missCause: "kernel_lacks_it" as const });
  return {
    spec,
    cpu: CPUS[spec.cpu],
    tscHz: spec.ghz * 1e9,
    kernel,
    traits: kernel.traits,
    nohzFull: [],
    noDomain: [],
    isolated: [],
    piInjectTimer: { ...yes, value: false },
    preemptionTimer: yes,
    apicv: yes,
    apicTimerVirt: { ...yes, value: false },
    pml: yes,
    x2avic: { ...yes, value: false },
    ipiVirtualization: { ...yes, value: false },
    fastpath: Object.fromEntries(FASTPATH_NAMES.map((name) => [name, live(name !== "hlt" && name !== "invd")])) as ResolvedHost["fastpath"],
    haltPoll: { mode: "adaptive", maxNs: 200_000, grow: 2, growStartNs: 10_000, shrink: 0, shrinkFloorNs: 0 },
    timerAdvance: { value: { mode: "adaptive", ns: 1000 }, why: "a test says so" },
    vulnerabilities: VULNERABILITIES,
    entryWork: {
      verw: "none",
      verwForAssignedDevice: "none",
      verwWhy: "a test says so",
      l1dFlush: "cond",
      l1dFlushWhy: "a test says so",
      retpolines: true,
      callDepth: false,
      rsbFill: true,
      rsbOneCall: false,
      clearBranchHistory: false,
      bhiDisS: false,
      untrainReturns: false,
      ibpb: "none",
      ibpbOnSwitch: true,
      verwToUserspace: "none",
      ibrs: "none",
      pti: true,
    },
    guests,
  };
}

const UNAFFECTED = { state: "not_affected", sysfs: "Not affected", why: "a test says so" } as const;
const VULNERABILITIES: ResolvedHost["vulnerabilities"] = {
  spectre_v1: UNAFFECTED,
  spec_store_bypass: UNAFFECTED,
  itlb_multihit: UNAFFECTED,
  srbds: UNAFFECTED,
  gather_data_sampling: UNAFFECTED,
  spec_rstack_overflow: UNAFFECTED,
  reg_file_data_sampling: UNAFFECTED,
  indirect_target_selection: UNAFFECTED,
  ghostwrite: UNAFFECTED,
  old_microcode: UNAFFECTED,
  tsa: UNAFFECTED,
  vmscape: UNAFFECTED,
  meltdown: { state: "mitigated", sysfs: "Mitigation: PTI", why: "a test says so" },
  l1tf: { state: "mitigated", sysfs: "Mitigation: PTE Inversion; VMX: conditional cache flushes, SMT vulnerable", why: "a test says so" },
  mds: { state: "mitigated", sysfs: "Mitigation: Clear CPU buffers; SMT vulnerable", why: "a test says so" },
  tsx_async_abort: {
    state: "vulnerable",
    sysfs: "Vulnerable: Clear CPU buffers attempted, no microcode; SMT vulnerable",
    why: "a test says so",
  },
  mmio_stale_data: { state: "vulnerable", sysfs: "Vulnerable", why: "a test says so" },
  retbleed: { state: "not_affected", sysfs: "Not affected", why: "a test says so" },
  spectre_v2: { state: "mitigated", sysfs: "Mitigation: Full generic retpoline, IBPB: conditional, RSB filling", why: "a test says so" },
};

/** Counters after a while: every region non-zero, exits equal to the sum of their buckets. */
function fakeCounters(seed: number, resolved: ResolvedHost): { low: Float64Array; high: Float64Array } {
  const low = Float64Array.from({ length: COUNTERS_LENGTH }, (_, i) => (i * 7919 + seed * 104_729) % 99_991);
  const high = new Float64Array(COUNTERS_LENGTH);
  const width = EXIT_CYCLE_EDGES.length + 1;
  for (let cell = 0; cell < REGION_SIZE.exits; cell++) {
    const start = AT.exitBuckets + cell * width;
    low[AT.exits + cell] = low.subarray(start, start + width).reduce((sum, count) => sum + count, 0);
  }
  // Exits that only some workloads cause.
  low.fill(0, AT.exits + SHOWN_CELLS[resolved.cpu.vendor].length, AT.exits + REGION_SIZE.exits);
  for (const [i, name] of WORKLOAD_NAMES.entries()) {
    if (!resolved.guests.some(({ spec }) => spec.workload === name)) low[AT.workCycles + i] = 0;
  }
  // A sum that does not fit into 2^53, split as the emulator splits it.
  high[AT.exitCycles] = 96;
  low[AT.exitCycles] = HIGH_UNIT - 1;
  low[AT.emulatedCycles] = 2_500_000_000 * 60;
  return { low, high };
}

/** A published host. */
export function fakeHost(name: string, change: Partial<HostSnapshot> = {}): HostSnapshot {
  const plan = change.plan ?? fakePlan(name);
  const resolved = change.resolved ?? fakeResolved(plan);
  const vcpus = resolved.guests.reduce((sum, guest) => sum + guest.spec.vcpus, 0);
  const seed = Buffer.from(name).reduce((sum, byte) => (sum * 31 + byte) % 9973, 7);
  const times = { generation: 1, bootNs: 0, lastChangeNs: null, ownWorkloads: [], breakage: SOUND, stuck: null };
  return { plan, resolved, state: "running", failure: null, ...times, vcpus, ...fakeCounters(seed, resolved), ...change };
}

/** A published fleet of these hosts, a minute old. */
export function fakeFleet(hosts: readonly HostSnapshot[]): FleetSnapshot {
  return { nowNs: 60e9, hosts: new Map(hosts.map((host) => [host.plan.name, host])), migrations: [], residences: [] };
}

/** A fleet of n ordinary hosts in two groups. */
export function fakeFleetOf(count: number): FleetSnapshot {
  return fakeFleet(
    Array.from({ length: count }, (_, i) => {
      const name = `public-skx-${String(i + 1).padStart(3, "0")}`;
      return fakeHost(name, { plan: fakePlan(name, i % 2 === 0 ? {} : { group: "public-icx", zone: "bj-b", labels: {} }) });
    }),
  );
}

/** The fleet started at 1,700,000,000; fleet time is wall time. */
export const FAKE_TIMES: HostTimes = {
  bootSeconds: ({ bootNs }) => 1_700_000_000 + bootNs / 1e9,
  lastChangeSeconds: ({ lastChangeNs }) => (lastChangeNs === null ? 0 : 1_700_000_000 + lastChangeNs / 1e9),
};
