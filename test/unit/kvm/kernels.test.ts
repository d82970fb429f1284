import { expect, test } from "vitest";
import type { Commit } from "../../../src/kvm/commit.ts";
import { COMMIT_NAMES, type CommitName, COMMITS, fixesOf } from "../../../src/kvm/commits.ts";
import type { Vulnerability } from "../../../src/hw/cpu-model.ts";
import type { KernelTraits } from "../../../src/kvm/kernel.ts";
import { kernelFromCommits, commitWarnings, traitsOf } from "../../../src/kvm/kernel-from-commits.ts";
import { KERNEL_NAMES, type KernelName, KERNELS } from "../../../src/kvm/kernels.ts";
import { PATCH_NAMES, PATCHES } from "../../../src/kvm/patches.ts";

const traits = (name: KernelName): KernelTraits => KERNELS[name].traits;

/** ICR, TSC_DEADLINE, PREEMPTION_TIMER, HLT, INVD, posted timer. */
type Era = readonly [
  icr: KernelTraits["icr"],
  deadline: KernelTraits["tscDeadline"],
  preemptionTimer: "–" | "yes",
  hlt: "–" | "yes",
  invd: "–" | "yes",
  posted: KernelTraits["postedTimer"],
];
const NONE = ["absent", "absent", "–", "–", "–"] as const;
const TIMERS = ["handled", "needs_hv_timer", "yes", "–", "–"] as const;
const REENTER = ["reenter", "needs_hv_timer", "yes", "yes", "–"] as const;

const ERAS: Readonly<Record<KernelName, Era>> = {
  "linux-4.18": [...NONE, "absent"],
  "rhel-8.1": [...NONE, "absent"],
  "rhel-8.2": [...NONE, "apicv"],
  "linux-5.4": [...NONE, "apicv"],
  "linux-5.5": ["skip", "absent", "–", "–", "–", "apicv"],
  "linux-5.6": ["skip", "absent", "–", "–", "–", "apicv"],
  "linux-5.7": ["skip", "absent", "–", "–", "–", "apicv"],
  "rhel-8.3": [...TIMERS, "apicv"],
  "rhel-8.4": [...TIMERS, "apicv"],
  c82: [...TIMERS, "apicv"],
  c84: [...TIMERS, "apicv"],
  "linux-5.8": [...TIMERS, "apicv"],
  "linux-5.10": [...TIMERS, "apicv"],
  "linux-5.15": [...TIMERS, "disabled_exits"],
  "linux-5.17": [...TIMERS, "apicv"],
  "linux-5.18": [...TIMERS, "disabled_exits"],
  "linux-5.19": [...TIMERS, "disabled_exits"],
  "linux-6.1": [...TIMERS, "disabled_exits"],
  "linux-6.4": [...TIMERS, "disabled_exits"],
  "linux-6.6": [...TIMERS, "disabled_exits"],
  "linux-6.8": [...TIMERS, "disabled_exits"],
  "linux-6.12": [...REENTER, "disabled_exits"],
  "linux-6.14": [...REENTER, "disabled_exits"],
  "linux-6.16": [...REENTER, "disabled_exits"],
  "linux-6.18": ["reenter", "unconditional", "yes", "yes", "yes", "disabled_exits"],
};

test.each(KERNEL_NAMES)("%s has the fastpaths and the posted timer of its era", (name) => {
  const { icr, tscDeadline, preemptionTimer, hlt, invd, postedTimer } = traits(name);
  const has = (form: "absent" | "present") => (form === "present" ? "yes" : "–");
  expect([icr, tscDeadline, has(preemptionTimer), has(hlt), has(invd), postedTimer]).toEqual(ERAS[name]);
});

/** Kernels, oldest first, for which a trait has a value. */
const where = (has: (found: KernelTraits) => boolean): readonly string[] => KERNEL_NAMES.filter((name) => has(traits(name)));

test("the ICR fastpath took broadcasts in 5.5 and 5.6, and takes any fast delivery from 6.18 on", () => {
  expect(where(({ icrAccepts }) => icrAccepts === "physical_fixed")).toEqual(["linux-5.5", "linux-5.6"]);
  expect(where(({ icrAccepts }) => icrAccepts === "any_fast")).toEqual(["linux-6.18"]);
});

test("the DPDK regression is in 5.3 to 5.17 less the stable kernels that took the fix", () => {
  expect(where(({ postedTimer }) => postedTimer === "apicv")).toEqual(
    "linux-5.4 linux-5.5 linux-5.6 linux-5.7 linux-5.8 linux-5.10 linux-5.17 rhel-8.2 rhel-8.3 rhel-8.4 c82 c84".split(" "),
  );
});

test("rcuwait and the timer fastpaths came into RHEL apart", () => {
  expect(traits("rhel-8.3")).toMatchObject({ waiter: "swait", preemptionTimer: "present" });
  expect(traits("linux-5.7").waiter).toBe("swait");
  expect(traits("linux-5.8").waiter).toBe("rcuwait");
});

test("5.15 and 5.17 notify the running vCPU of its own timer; 5.8 had stopped it, 5.19 stops it again", () => {
  const skipped = (name: KernelName): boolean => traits(name).selfNotification === "skipped";
  expect((["linux-5.7", "linux-5.15", "linux-5.17"] as const).some(skipped)).toBe(false);
  expect((["rhel-8.3", "c82", "linux-5.8", "linux-5.10", "linux-5.19", "linux-6.18"] as const).every(skipped)).toBe(true);
});

test("the exits statistic counts re-entries from 6.4 on, in 6.1 by backport", () => {
  expect(where((found) => found.exitsStatCountsReentry)).toEqual(
    "linux-6.1 linux-6.4 linux-6.6 linux-6.8 linux-6.12 linux-6.14 linux-6.16 linux-6.18".split(" "),
  );
});

/** Where perf's window of an exit begins and ends. */
test.each<[KernelName, KernelTraits["exitTracepoint"], KernelTraits["entryTracepoint"]]>([
  ["linux-5.7", "in_handle_exit", "outer_loop"],
  ["rhel-8.1", "in_handle_exit", "outer_loop"],
  ["rhel-8.3", "right_after_exit", "outer_loop"],
  ["linux-5.10", "right_after_exit", "outer_loop"],
  ["linux-5.15", "right_after_exit", "each_entry"],
  ["linux-6.18", "right_after_exit", "each_entry"],
])("the tracepoint window of %s: %s to %s", (name, exitTracepoint, entryTracepoint) => {
  expect(traits(name)).toMatchObject({ exitTracepoint, entryTracepoint });
});

test("other eras: context tracking, timers after a block, halt polling, timer advance, isolation, AVIC", () => {
  expect([traits("linux-5.8").contextTracking, traits("linux-5.10").contextTracking]).toEqual(["outer_loop", "each_entry"]);
  expect([traits("linux-5.15").hvTimerAfterBlock, traits("linux-5.17").hvTimerAfterBlock]).toEqual(["always", "if_it_was_in_use"]);
  expect([traits("linux-6.8").haltPollShrink, traits("linux-6.12").haltPollShrink]).toEqual([0, 2]);
  expect([traits("linux-5.10").haltPollShrinkFloor, traits("linux-5.15").haltPollShrinkFloor]).toEqual([false, true]);
  expect([traits("linux-4.18").timerAdvance, traits("linux-5.4").timerAdvance]).toEqual(["stepwise", "adaptive"]);
  expect(where(({ timerAdvanceParameter }) => timerAdvanceParameter === "lapic_timer_advance")[0]).toBe("linux-6.12");
  expect(where(({ isolcpusNohzIsolatesTimer }) => isolcpusNohzIsolatesTimer)).toEqual(["linux-6.16", "linux-6.18"]);
  expect(where(({ ipiVirtualization }) => ipiVirtualization === "present")[0]).toBe("linux-5.19");
  expect(where(({ x2avic }) => x2avic === "present")[0]).toBe("linux-6.1");
  expect(where(({ avicDefault }) => avicDefault === "with_x2avic")).toEqual(["linux-6.18"]);
});

test("VERW stands beside the L1D flush up to 5.19 and right before VMLAUNCH from 6.6 on, in 6.1 by backport", () => {
  expect(where(({ verw }) => verw === "only_without_l1d_flush").filter((name) => !/^(linux-[45]|rhel|c8)/.test(name))).toEqual([
    "linux-6.4",
  ]);
  expect(where(({ verw }) => verw === "always")[0]).toBe("linux-6.1");
  expect(traits("linux-6.18").verw).toBe("per_vm");
});

const OF_2019: readonly Vulnerability[] = [
  "meltdown",
  "spectre_v1",
  "spectre_v2",
  "spec_store_bypass",
  "l1tf",
  "mds",
  "tsx_async_abort",
  "itlb_multihit",
];
const OF_2020: readonly Vulnerability[] = [...OF_2019, "srbds"];
const OF_2022: readonly Vulnerability[] = [...OF_2020, "mmio_stale_data", "retbleed"];
const OF_2023: readonly Vulnerability[] = [...OF_2022, "gather_data_sampling", "spec_rstack_overflow"];
const OF_2024: readonly Vulnerability[] = [...OF_2023, "reg_file_data_sampling"];
const OF_2025: readonly Vulnerability[] = [...OF_2024, "indirect_target_selection", "tsa", "vmscape"];
const FILES: Readonly<Record<KernelName, readonly Vulnerability[]>> = {
  "linux-4.18": OF_2019,
  "rhel-8.1": OF_2019,
  "rhel-8.2": OF_2019,
  "rhel-8.3": OF_2020,
  "rhel-8.4": OF_2020,
  c82: OF_2019,
  c84: OF_2020,
  "linux-5.4": OF_2020,
  "linux-5.5": OF_2019,
  "linux-5.6": OF_2019,
  "linux-5.7": OF_2020,
  "linux-5.8": OF_2020,
  "linux-5.10": OF_2020,
  "linux-5.15": OF_2022,
  "linux-5.17": OF_2020,
  "linux-5.18": OF_2020,
  "linux-5.19": OF_2022,
  "linux-6.1": OF_2025,
  "linux-6.4": OF_2022,
  "linux-6.6": OF_2024,
  "linux-6.8": OF_2023,
  "linux-6.12": OF_2025,
  "linux-6.14": [...OF_2024, "ghostwrite"],
  "linux-6.16": [...OF_2024, "indirect_target_selection", "ghostwrite", "old_microcode", "tsa"],
  "linux-6.18": [...OF_2025, "ghostwrite", "old_microcode"],
};

test.each(KERNEL_NAMES)("%s knows the bugs of its time", (name) => {
  expect(traits(name).knows.toSorted()).toEqual(FILES[name].toSorted());
});

test("each commit names commits that exist, and what it needs is replayed before it", () => {
  for (const name of COMMIT_NAMES) {
    const { needs = [], fixes = [] }: Commit = COMMITS[name];
    for (const other of [...needs, ...fixes]) expect(COMMIT_NAMES, name).toContain(other);
    const places = needs.map((need) => COMMIT_NAMES.indexOf(need as CommitName));
    expect(Math.max(-1, ...places), name).toBeLessThan(COMMIT_NAMES.indexOf(name));
  }
});

test("no kernel and no patch of the catalogue lacks what one of its commits needs", () => {
  for (const kernel of Object.values(KERNELS)) {
    for (const name of kernel.commits) {
      const { needs = [] }: Commit = COMMITS[name];
      for (const need of needs) expect(kernel.commits, `${kernel.name}: ${name}`).toContain(need);
    }
  }
  const onto418 = (name: (typeof PATCH_NAMES)[number]) =>
    commitWarnings(KERNELS["rhel-8.2"], PATCHES[name].commits).filter(({ message }) => message.includes(" needs "));
  for (const name of PATCH_NAMES) expect(onto418(name), name).toEqual([]);
});

test("the order in which commits are named does not matter", () => {
  for (const { commits, traits: found } of Object.values(KERNELS)) expect(traitsOf(commits.toReversed())).toEqual(found);
});

test("a commit without what it needs changes nothing", () => {
  const kernel = kernelFromCommits("own", KERNELS["linux-4.18"], ["0dd45f2cd8cc", "1714a4eb6fb0"]);
  expect(kernel.traits).toEqual(KERNELS["linux-4.18"].traits);
  expect(commitWarnings(KERNELS["linux-4.18"], ["1714a4eb6fb0"])).toEqual([
    {
      commit: "1714a4eb6fb0",
      missing: "0c5f81dad46c",
      message:
        "1714a4eb6fb0 (KVM: LAPIC: Enable timer posted-interrupt only when mwait/hlt is advertised) needs " +
        "0c5f81dad46c (KVM: LAPIC: Inject timer interrupt via posted interrupt), and changes nothing without it",
    },
  ]);
});

test("posted timers without their fix are warned of, naming both; the fix silences it", () => {
  const taken: CommitName[] = ["0c5f81dad46c"];
  expect(kernelFromCommits("own", KERNELS["linux-4.18"], taken).traits).toMatchObject({ postedTimer: "apicv", hrtimerPinned: false });
  expect(commitWarnings(KERNELS["linux-4.18"], taken).map(({ commit, missing }) => [commit, missing])).toEqual([
    ["0c5f81dad46c", "1714a4eb6fb0"],
  ]);
  expect(commitWarnings(KERNELS["linux-4.18"], [...taken, "1714a4eb6fb0"])).toEqual([]);
  expect(fixesOf("0c5f81dad46c")).toContain("1714a4eb6fb0");
});

test("a base's own faults are not held against the commits on top", () => {
  expect(commitWarnings(KERNELS["linux-5.8"], ["da4ad88cab58"])).toEqual([]);
});

test("a kernel of one's own is its base and its commits", () => {
  const own = kernelFromCommits("ours", KERNELS["rhel-8.2"], ["1e9e2622a149", "narrow-ipi-fastpath"]);
  expect(own).toMatchObject({ name: "ours", doc: "rhel-8.2 with 2 commits on top", postsTimersInEnterpriseCloud: false });
  expect(own.traits).toEqual({ ...traits("rhel-8.2"), icr: "skip" });
  expect(kernelFromCommits("ours", KERNELS.c82, []).postsTimersInEnterpriseCloud).toBe(true);
});

test("a backport changes nothing on a kernel that has it already", () => {
  expect(kernelFromCommits("own", KERNELS["linux-6.12"], PATCHES["fastpath-icr"].commits).traits.icr).toBe("reenter");
});
