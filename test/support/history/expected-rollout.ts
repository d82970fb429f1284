/** What the panels of Rollout must show: both sides of a comparison, worked out group by group and kind by kind. */
import { UID } from "../../../dashboards/uids.ts";
import { CPU_USES, VCPU_STATES } from "../../../src/kvm/counters.ts";
import type { Expected } from "./expected.ts";
import { cellOf, Window, type HostWindow } from "./truth.ts";

type Labels = Readonly<Record<string, string>>;

const exits = (one: HostWindow): number => one.exits();
const vcpus = (one: HostWindow): number => one.host.vcpus * one.elapsed;

/** Only these groups have hosts on both sides. */
const GROUPS = ["canaries", "timers", "peers"];
const bothSides = (all: Window): Window => new Window(all.hosts.filter(({ labels }) => GROUPS.includes(labels["group"] ?? "")));
const cohort = (all: Window): Window => bothSides(all).where({ cohort: "canary" });
const others = (all: Window): Window => bothSides(all).without({ cohort: "canary" });

/** As if the cohort had the others' weights: group by group, kind by kind. */
function likeForLike(
  all: Window,
  amount: (one: HostWindow, kind: Labels) => number,
  weight: (one: HostWindow, kind: Labels) => number,
  kinds: readonly Labels[],
): number {
  let [expected, actual] = [0, 0];
  for (const group of GROUPS) {
    for (const kind of kinds) {
      const [own, other] = [cohort(all).where({ group }), others(all).where({ group })];
      const ownWeight = own.rate((one) => weight(one, kind));
      if (ownWeight === 0) continue;
      expected += (own.rate((one) => amount(one, kind)) / ownWeight) * other.rate((one) => weight(one, kind));
      actual += other.rate((one) => amount(one, kind));
    }
  }
  return expected / actual - 1;
}

const KINDS: readonly Labels[] = [
  ...["MSR_WRITE tsc_deadline", "MSR_WRITE icr", "MSR_WRITE eoi", "MSR_WRITE other"].map((kind) => ({
    reason: kind.split(" ")[0]!,
    msr: kind.split(" ")[1]!,
  })),
  ...[
    "PREEMPTION_TIMER",
    "EXTERNAL_INTERRUPT",
    "HLT",
    "CPUID",
    "IO_INSTRUCTION",
    "EPT_VIOLATION",
    "EPT_MISCONFIG",
    "PAUSE_INSTRUCTION",
    "INTERRUPT_WINDOW",
    "EOI_INDUCED",
    "VMCALL",
    "APIC_WRITE",
    "APIC_ACCESS",
  ].map((reason) => ({ reason })),
];
const costOf = (all: Window, kinds: readonly Labels[]): number =>
  likeForLike(
    all,
    (one, kind) => one.exitCycles(cellOf(kind)),
    (one, kind) => one.exits(cellOf(kind)),
    kinds,
  );
const hitsOf = (one: HostWindow, { fastpath = "" }: Labels): number => one.hits([fastpath]);
const capable = (one: HostWindow, { fastpath = "" }: Labels): number => one.hits([fastpath]) + one.misses([fastpath]);

function hitRateDifference(all: Window): number {
  let [expected, actual, weights] = [0, 0, 0];
  for (const group of GROUPS) {
    for (const fastpath of ["preemption_timer", "tsc_deadline", "icr"]) {
      const [own, other] = [cohort(all).where({ group }), others(all).where({ group })];
      const ownCapable = own.rate((one) => capable(one, { fastpath }));
      if (ownCapable === 0) continue;
      const weight = other.rate((one) => capable(one, { fastpath }));
      expected += (own.rate((one) => hitsOf(one, { fastpath })) / ownCapable) * weight;
      actual += other.rate((one) => hitsOf(one, { fastpath }));
      weights += weight;
    }
  }
  return (expected - actual) / weights;
}

const COHORT = { cohort: "canary" };
const armOf = (refId: string) => (refId === "A" ? cohort : others);
const state = (one: HostWindow, names: readonly string[]): number => one.grewOf("vcpuCycles", VCPU_STATES, names);

export const EXPECTED_OF_ROLLOUT: readonly Expected[] = [
  { uid: UID.rollout, panel: "Hosts", refId: "A", chosen: COHORT, truth: (all) => cohort(all).hosts.length },
  { uid: UID.rollout, panel: "Hosts", refId: "B", chosen: COHORT, truth: (all) => others(all).hosts.length },
  { uid: UID.rollout, panel: "Hit rate", chosen: COHORT, offset: 1, truth: hitRateDifference },
  { uid: UID.rollout, panel: "Cost of an exit", chosen: COHORT, offset: 1, truth: (all) => costOf(all, KINDS) },
  {
    uid: UID.rollout,
    panel: "99th percentile of cycles",
    chosen: COHORT,
    offset: 1,
    truth: (all) => cohort(all).quantile(0.99) / others(all).quantile(0.99) - 1,
  },
  { uid: UID.rollout, panel: "Exits per vCPU", chosen: COHORT, offset: 1, truth: (all) => likeForLike(all, exits, vcpus, [{}]) },
  {
    uid: UID.rollout,
    panel: "Guest work per vCPU",
    refId: "A",
    chosen: COHORT,
    offset: 1,
    truth: (all) => likeForLike(all, (one) => one.grewAll("workCycles"), vcpus, [{}]),
  },
  { uid: UID.rollout, panel: "Cost of an exit by reason", chosen: COHORT, offset: 1, truth: (all, labels) => costOf(all, [labels]) },
  ...["A", "B"].flatMap((refId): Expected[] => [
    { uid: UID.rollout, panel: "Hit rate, both", refId, chosen: COHORT, truth: (all) => armOf(refId)(all).hitRate },
    { uid: UID.rollout, panel: "Mean cycles of an exit, both", refId, chosen: COHORT, truth: (all) => armOf(refId)(all).meanCycles() },
    {
      uid: UID.rollout,
      panel: "Housekeeping per vCPU",
      refId,
      chosen: COHORT,
      truth: (all) => armOf(refId)(all).ratio((one) => one.seconds(one.grewOf("cpuCycles", CPU_USES, ["housekeeping"])), vcpus),
    },
    {
      uid: UID.rollout,
      panel: "vCPU time outside the guest",
      refId,
      chosen: COHORT,
      truth: (all) =>
        armOf(refId)(all).ratio(
          (one) => one.seconds(state(one, ["exit", "halt_poll", "steal"])),
          (one) => one.seconds(state(one, ["guest", "exit", "halt_poll", "steal"])),
        ),
    },
  ]),
];
