/**
 * Kernels are made of commits: what KVM was in 4.18, and on it, in the order of Linux, all that
 * a kernel took since. Releases take everything up to their number; distributions, vendors and
 * kernels of one's own name what they took.
 */
import { type Commit, hasReleased, type Release } from "./commit.ts";
import { COMMIT_NAMES, type CommitName, COMMITS, fixesOf } from "./commits.ts";
import type { KernelTraits } from "./kernel.ts";

/** A host kernel that `kernel:` may name. */
export interface Kernel {
  readonly name: string;
  readonly doc: string;
  /** Everything it has on top of Linux 4.18. */
  readonly commits: readonly CommitName[];
  /** What those commits add up to. */
  readonly traits: KernelTraits;
  /** The vendor's kernels resolve `pi_inject_timer: auto` to 1 in the enterprise cloud. */
  readonly postsTimersInEnterpriseCloud: boolean;
  readonly source: string;
}

/**
 * KVM of Linux 4.18 (August 2018): no fastpath, no posted timer, timers pinned to the CPU that
 * armed them. The mitigations of that year's bugs are in.
 */
const ORIGIN: KernelTraits = {
  icr: "absent",
  icrAccepts: "physical_fixed_unicast",
  tscDeadline: "absent",
  preemptionTimer: "absent",
  hlt: "absent",
  invd: "absent",
  svmFastpaths: "absent",
  reentryLoop: "vmx_vcpu_run",
  postedTimer: "absent",
  ipiVirtualization: "absent",
  svmPauseInGuest: "ignored",
  x2avic: "absent",
  avicDefault: "off",
  avicIpis: "always",
  avicBigIds: "refused",
  selfNotification: "sent",
  hrtimerPinned: true,
  waiter: "swait",
  hvTimerAfterBlock: "always",
  exitTracepoint: "in_handle_exit",
  entryTracepoint: "outer_loop",
  svmTracesFastpaths: false,
  kvmOps: "pointers",
  exitsStatCountsReentry: false,
  timerAdvance: "absent",
  timerAdvanceWaits: "vcpu_enter_guest",
  timerAdvanceParameter: "lapic_timer_advance_ns",
  pollControl: "absent",
  haltPollShrink: 0,
  haltPollShrinkFloor: false,
  isolcpusNohzIsolatesTimer: false,
  contextTracking: "outer_loop",
  verw: "only_without_l1d_flush",
  scheduler: "cfs",
  countsPreemption: false,
  hrtimerRestart: "two_writes",
  ipiShorthand: "absent",
  hugePageSplit: "on_fault",
  knows: ["meltdown", "spectre_v1", "spectre_v2", "spec_store_bypass", "l1tf"],
  bhi: "unknown",
  pbrsb: "unknown",
  callDepthTracking: "absent",
  automaticIbrs: "absent",
  spectreV2Wording: "full_generic_retpoline",
  ssbDefault: "seccomp",
};

/** What commits on 4.18 add up to; one whose needs are not there changes nothing. */
export function traitsOf(commits: readonly CommitName[]): KernelTraits {
  const applied = new Set<string>();
  const traits = { ...ORIGIN, knows: [...ORIGIN.knows] };
  for (const name of COMMIT_NAMES.filter((candidate) => commits.includes(candidate))) {
    const { needs = [], traits: change, knows = [] }: Commit = COMMITS[name];
    if (!needs.every((need) => applied.has(need))) continue;
    applied.add(name);
    Object.assign(traits, change);
    traits.knows.push(...knows);
  }
  return traits;
}

interface Facts {
  readonly name: string;
  readonly doc: string;
  readonly source: string;
}

/** A release of Linux: every commit up to its number, and what its stable tree took back. */
export function mainlineKernel(release: Release, facts: Facts, backports: readonly CommitName[] = []): Kernel {
  const released = COMMIT_NAMES.filter((name) => hasReleased(release, COMMITS[name].since));
  return { ...facts, ...withCommits([...released, ...backports]), postsTimersInEnterpriseCloud: false };
}

/** A kernel that takes commits on top of another one: a distribution's or a vendor's. */
export function kernelOn(base: Kernel, facts: Facts, commits: readonly CommitName[]): Kernel {
  return { ...facts, ...withCommits([...base.commits, ...commits]), postsTimersInEnterpriseCloud: base.postsTimersInEnterpriseCloud };
}

/** A kernel of one's own. */
export function kernelFromCommits(name: string, base: Kernel, commits: readonly CommitName[]): Kernel {
  const taken = `${commits.length} ${commits.length === 1 ? "commit" : "commits"}`;
  return kernelOn(base, { name, doc: `${base.name} with ${taken} on top`, source: "configuration" }, commits);
}

function withCommits(commits: readonly CommitName[]): Pick<Kernel, "commits" | "traits"> {
  const distinct = [...new Set(commits)];
  return { commits: distinct, traits: traitsOf(distinct) };
}

/** A list of commits that is likely not meant so; one sentence that names both commits. */
export interface CommitWarning {
  readonly commit: CommitName;
  /** The fix that is known, or the commit without which this one changes nothing. */
  readonly missing: CommitName;
  readonly message: string;
}

/**
 * What is odd about taking commits on a base: one without the fix that is known for it, one
 * without what it needs. The base's own faults are not held against the list.
 */
export function commitWarnings(base: Kernel, commits: readonly CommitName[]): readonly CommitWarning[] {
  const all = new Set<CommitName>([...base.commits, ...commits]);
  return commits.flatMap((commit) => {
    const { needs = [] }: Commit = COMMITS[commit];
    const unmet = (needs as readonly CommitName[]).filter((need) => !all.has(need));
    const fixes = fixesOf(commit);
    const unfixed = fixes.some((fix) => all.has(fix)) ? [] : fixes.filter((fix) => COMMITS[fix].since !== "unmerged");
    return [
      ...unmet.map((missing) => warning(commit, missing, "needs", "and changes nothing without it")),
      ...unfixed.map((missing) => warning(commit, missing, "is known to be wrong without", "which is missing")),
    ];
  });
}

const titled = (name: CommitName): string => `${name} (${COMMITS[name].title})`;

const warning = (commit: CommitName, missing: CommitName, how: string, rest: string): CommitWarning => ({
  commit,
  missing,
  message: `${titled(commit)} ${how} ${titled(missing)}, ${rest}`,
});
