/**
 * Where a reader sees the answers to the questions that fastpathd is for: the panel, the curves in it, and what
 * they show before and after the change of the history that the question is about. Ranges are wide where the cost
 * model sets the value; what the panels show exactly is compared elsewhere.
 */
import { UID } from "../../../dashboards/uids.ts";
import { AT } from "./fleet.ts";
import type { Variables } from "./panels.ts";

type Range = readonly [least: number, most: number];

export interface Shown {
  /** Emulated seconds. */
  readonly at: number;
  /** The curve among those of the panel. */
  readonly curve: Readonly<Record<string, string>>;
  /** Where the value must lie, or that there is no curve. */
  readonly range: Range | "none";
}

export interface Scenario {
  readonly question: string;
  readonly uid: string;
  readonly panel: string;
  readonly refId?: string;
  readonly chosen?: Variables;
  readonly shows: readonly Shown[];
  /** By how much the last value shown is above the first. */
  readonly rises?: Range;
}

const { early, before, middle, end } = AT;
const PLAUSIBLE: Range = [1000, 20_000];

/** One curve at two instants. */
const moves = (curve: Shown["curve"], first: Range, last: Range): Shown[] => [
  { at: before, curve, range: first },
  { at: end, curve, range: last },
];

/** Exits that leave one path for the other. */
const changesPath = (curve: Shown["curve"]): Shown[] => [
  { at: before, curve: { ...curve, path: "kernel" }, range: "none" },
  { at: before, curve: { ...curve, path: "fastpath" }, range: PLAUSIBLE },
  { at: end, curve: { ...curve, path: "fastpath" }, range: "none" },
  { at: end, curve: { ...curve, path: "kernel" }, range: PLAUSIBLE },
];

const FASTPATHS: readonly Scenario[] = [
  {
    question: "What does the fastpath for PREEMPTION_TIMER save an exit? Hundreds of cycles",
    uid: UID.host,
    panel: "Cycles of an exit by reason and path",
    chosen: { host: "timers-001" },
    shows: changesPath({ reason: "PREEMPTION_TIMER" }),
    rises: [250, 2000],
  },
  {
    question: "What does the fastpath for TSC_DEADLINE save an exit? Hundreds of cycles",
    uid: UID.host,
    panel: "Cycles of an exit by reason and path",
    chosen: { host: "timers-001" },
    shows: changesPath({ reason: "MSR_WRITE", msr: "tsc_deadline" }),
    rises: [250, 2000],
  },
  {
    question: "Does a fastpath remove exits? No",
    uid: UID.host,
    panel: "Exits by reason",
    chosen: { host: "timers-001" },
    shows: moves({ reason: "MSR_WRITE", msr: "tsc_deadline" }, [200, 800], [200, 800]),
    rises: [-60, 60],
  },
  {
    question: "Does the host still use it? No",
    uid: UID.host,
    panel: "Hit rate by fastpath",
    chosen: { host: "timers-001" },
    shows: moves({ fastpath: "tsc_deadline" }, [1, 1], [0, 0]),
  },
  {
    question: "What do the guests notice? Little: their work varies more with what they are asked for",
    uid: UID.rollout,
    panel: "Guest work per vCPU",
    chosen: { cohort: "canary", group: "canaries" },
    shows: moves({}, [-0.2, 0.2], [-0.2, 0.2]),
  },
  {
    question: "What does the fastpath for ICR save? A canary without it pays more for each IPI",
    uid: UID.rollout,
    panel: "Cost of an exit by reason",
    chosen: { cohort: "canary", group: "canaries" },
    shows: moves({ msr: "icr" }, [-0.01, 0.01], [0.04, 0.6]),
  },
  {
    question: "Does the verdict on the canary say so? Its hit rate is lower",
    uid: UID.rollout,
    panel: "Hit rate",
    chosen: { cohort: "canary", group: "canaries" },
    shows: moves({}, [0, 0], [-0.2, -0.02]),
  },
];

const TIMERS: readonly Scenario[] = [
  {
    question: "What drives the timers of a public host? The preemption timer",
    uid: UID.timers,
    panel: "Guests by timer mode",
    chosen: { group: "timers" },
    shows: moves({ mode: "hv_timer" }, [2, 2], [2, 2]),
  },
  {
    question: "What does cpu-pm remove? One of the two exits of a timer cycle",
    uid: UID.timers,
    panel: "Exits per timer expiration by group",
    shows: moves({ group: "cpu-pm" }, [1.9, 2.1], [0.95, 1.05]),
  },
  {
    question: "How do timers arrive with cpu-pm? Posted",
    uid: UID.timers,
    panel: "Timer expirations by delivery",
    chosen: { group: "cpu-pm" },
    shows: moves({ delivery: "posted" }, [0, 0], [400, 1100]),
  },
  // Made ready for DPDK at 300 s, which takes the preemption timer from every VM; the fix is there from 600 s.
  {
    question: "What does nohz_full do to the ordinary guests of a DPDK host? It posts their timers as well",
    uid: UID.timers,
    panel: "Guests by timer mode",
    chosen: { group: "dpdk" },
    shows: (
      [
        [early, [0, 0]],
        [before, [2, 2]],
        [middle, [1, 1]],
      ] as const
    ).map(([at, range]) => ({ at, curve: { mode: "posted" }, range })),
  },
  {
    question: "What does the DPDK host lose, and what does the fix give back? All hits, and those of the ordinary guests",
    uid: UID.fleet,
    panel: "Fastpath hit rate",
    chosen: { group: "dpdk" },
    shows: (
      [
        [early, [0.3, 1]],
        [before, [0, 0.1]],
        [middle, [0.3, 0.9]],
      ] as const
    ).map(([at, range]) => ({ at, curve: {}, range })),
  },
  {
    question: "Why does the DPDK host miss? For want of the preemption timer",
    uid: UID.fleet,
    panel: "Misses by cause",
    chosen: { group: "dpdk" },
    shows: [
      { at: before, curve: { fastpath: "tsc_deadline", cause: "no_hv_timer" }, range: [500, 5000] },
      { at: middle, curve: { fastpath: "tsc_deadline", cause: "no_hv_timer" }, range: [200, 2000] },
    ],
    rises: [-3000, -100],
  },
];

const COSTS: readonly Scenario[] = [
  {
    question: "What does TAA cost with microcode that clears nothing? A VERW in every exit",
    uid: UID.mitigations,
    panel: "VERW cycles of a mean exit by group",
    shows: moves({ group: "taa" }, [10, 700], [0, 0]),
  },
  {
    question: "What does the microcode gap cost the fleet? Cores, until TAA's mitigation is off",
    uid: UID.mitigations,
    panel: "Cost of the microcode gap",
    shows: moves({}, [1e-7, 1e-2], [0, 0]),
  },
  {
    question: "Why do IPIs gain less on c82? It wakes through swait: with rcuwait the sender pays hundreds of cycles less",
    uid: UID.timers,
    panel: "Cycles of an ICR write by group",
    shows: moves({ group: "ipis" }, PLAUSIBLE, PLAUSIBLE),
    rises: [-1500, -200],
  },
];

/** A VM that is on a host without the fastpaths from 300 to 600 s. */
const MIGRATION: readonly Scenario[] = [
  {
    question: "What becomes of the VM's fastpath hits on a host without them? None is left, and all come back with it",
    uid: UID.fleet,
    panel: "Fastpath hit rate",
    chosen: { group: "move-fast|move-slow" },
    shows: (
      [
        [early, [0.9, 1]],
        [before, [0, 0.05]],
        [middle, [0.9, 1]],
      ] as const
    ).map(([at, range]) => ({ at, curve: {}, range })),
  },
  ...(
    [
      ["Did it get there? It left its fastpaths once", "fast_to_slow", 330],
      ["Did it come back? It found its fastpaths again once", "slow_to_fast", 630],
    ] as const
  ).map(([question, direction, at]): Scenario => ({
    question,
    uid: UID.fleet,
    panel: "Migrations by direction and result",
    chosen: { group: "move-fast|move-slow" },
    shows: [
      { at: early, curve: { direction, result: "completed" }, range: [0, 0] },
      { at, curve: { direction, result: "completed" }, range: [0.8, 1.5] },
      { at: end, curve: { direction, result: "completed" }, range: [0, 0] },
    ],
  })),
  {
    question: "How long did it stand still? Some tens of milliseconds",
    uid: UID.fleet,
    panel: "Downtime of migrations",
    chosen: { group: "move-fast|move-slow" },
    shows: [{ at: end, curve: {}, range: [0.01, 0.31] }],
  },
  {
    question: "Where do its exits go meanwhile? To the kernel's path of the host where it is",
    uid: UID.host,
    panel: "Exits by path",
    chosen: { host: "move-slow-001" },
    shows: (
      [
        [early, [0, 100]],
        [before, [200, 2000]],
        [middle, [0, 100]],
      ] as const
    ).map(([at, range]) => ({ at, curve: { path: "kernel" }, range })),
  },
];

export const SCENARIOS: readonly Scenario[] = [...FASTPATHS, ...TIMERS, ...COSTS, ...MIGRATION];
