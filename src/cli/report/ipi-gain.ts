/** Why the IPI fastpath gained less than upstream reported: three reasons, each alone and all together. */
import type { HostSpecPatch } from "../../config/host-schema.ts";
import type { CommitName } from "../../kvm/commits.ts";
import type { HostSpec } from "../../kvm/host-spec.ts";
import type { OwnKernel } from "../../kvm/kernel-choice.ts";
import { KERNELS } from "../../kvm/kernels.ts";
import { resolveHost } from "../../kvm/resolve.ts";
import { figuresOf } from "./figures-of.ts";
import { type Gain, GAIN_COLUMNS, gainCells, gainOf, gainRuns } from "./gain.ts";
import { CASCADE_LAKE, hostOf, ICE_LAKE, type Machine, NO_ADVANCE, SKYLAKE, TEST_GUEST } from "./machines.ts";
import { type Cell, type Estimate, estimate, estimateOf, type Findings, type ReportTable } from "./report-table.ts";

interface Reason {
  readonly reason: string;
  /** What its gain is held against: the row of this name. */
  readonly against: string;
  readonly machine: Machine;
  readonly spec: HostSpecPatch;
  readonly kernel?: OwnKernel;
}

const UPSTREAM = "linux-5.8";
const NEWEST = "linux-6.18";
const RCUWAIT: CommitName = "da4ad88cab58";
const OLD: HostSpecPatch = { mitigations: { microcode: "old" } };

/** Upstream 5.8 as it would be with everything but rcuwait: 5.7 and the other commits of 5.8. */
const WITHOUT_RCUWAIT: OwnKernel = {
  name: "linux-5.8 without rcuwait",
  base: "linux-5.7",
  commits: KERNELS[UPSTREAM].commits.filter((commit) => commit !== RCUWAIT && !KERNELS["linux-5.7"].commits.includes(commit)),
};

const row = (reason: string, against: string, machine: Machine, spec: HostSpecPatch, kernel?: OwnKernel): Reason => ({
  reason,
  against,
  machine,
  spec,
  ...(kernel === undefined ? {} : { kernel }),
});

const NONE = "none: upstream 5.8, current microcode";
const NO_TAA = "none: upstream 5.8, TSX off";
const NEW = "none: upstream 6.18";
const OLD_KERNEL = "(c) c82 instead of 6.18, with rcuwait";

const REASONS: readonly Reason[] = [
  row(NONE, NONE, SKYLAKE, { kernel: UPSTREAM }),
  row("(a) without rcuwait", NONE, SKYLAKE, {}, WITHOUT_RCUWAIT),
  row("(b) TAA without microcode", NONE, SKYLAKE, { kernel: UPSTREAM, ...OLD }),
  row("(c) c82 instead of 5.8, with rcuwait", NONE, SKYLAKE, { kernel: "c82", patches: ["rcuwait"] }),
  row("(a), (b) and (c): c82, old microcode", NONE, SKYLAKE, { kernel: "c82", ...OLD }),
  row(NO_TAA, NO_TAA, CASCADE_LAKE, { kernel: UPSTREAM, tsx: "off" }),
  row("(b) TAA without microcode", NO_TAA, CASCADE_LAKE, { kernel: UPSTREAM, tsx: "on", ...OLD }),
  row("TAA with microcode: VERW clears", NO_TAA, CASCADE_LAKE, { kernel: UPSTREAM, tsx: "on" }),
  row(NEW, NEW, ICE_LAKE, { kernel: NEWEST }),
  row(OLD_KERNEL, NEW, ICE_LAKE, { kernel: "c82", patches: ["rcuwait"] }),
];

const OFF: HostSpecPatch = { fastpath: { icr: "off" } };
/** A guest whose IPIs go to idle vCPUs: the sender wakes a thread. */
const SLEEPERS: HostSpecPatch = { guests: { web: { vcpus: 4, workload: "web" } } };
const SECONDS = 1;

export const ipiGain: ReportTable = {
  title: "Why IPIs gained less than upstream reported",
  method:
    "The `ipi` test with the ICR fastpath off and on, under each reason. Its target is in a HLT loop but seldom asleep, so beside it stand the cycles " +
    "of an ICR write in a guest whose targets sleep (web, 4 vCPUs), where the sender also wakes a thread.",
  columns: [
    { key: "reason", title: "reason" },
    { key: "machine", title: "CPU" },
    ...GAIN_COLUMNS,
    { key: "against_none", title: "gain less that without a reason", unit: "points" },
    { key: "sleeper_cycles", title: "ICR write to a sleeper, enabled", unit: "cycles" },
    { key: "sleeper_gain", title: "gain there", unit: "share" },
  ],
  runs: (seeds) => REASONS.length * (gainRuns(seeds) + 1),
  *fill(seeds): Generator<void, Findings> {
    const rows: Record<string, Cell>[] = [];
    const gains = new Map<string, Gain>();
    for (const one of REASONS) {
      const gain = yield* gainOf("ipi", host(one, TEST_GUEST, NO_ADVANCE, OFF), host(one, TEST_GUEST, NO_ADVANCE), seeds);
      const icr = figuresOf(host(one, SLEEPERS, OFF), host(one, SLEEPERS), seeds, SECONDS)("cycles_per_exit", ICR);
      yield;
      if (one.reason === one.against) gains.set(one.reason, gain);
      rows.push({
        reason: one.reason,
        machine: one.machine.name,
        ...gainCells(gain),
        against_none: less(gain, gains.get(one.against) ?? gain),
        sleeper_cycles: icr?.after === null || icr === undefined ? null : { value: icr.after, half_width: null },
        sleeper_gain: negated(estimateOf(icr?.relative ?? null)),
      });
    }
    return { rows, findings: findings(rows) };
  },
};

const ICR = { reason: "MSR_WRITE", msr: "icr" };

function host({ machine, spec, kernel }: Reason, ...changes: readonly HostSpecPatch[]): HostSpec {
  const whole = hostOf(machine, spec, ...changes);
  return kernel === undefined ? whole : { ...whole, kernel };
}

const less = (a: Gain, b: Gain): Estimate => estimate(a.perSeed.map((share, i) => share - (b.perSeed[i] as number)));

const negated = (of: Estimate | null): Estimate | null => (of === null ? null : { ...of, value: -of.value });

/** What each reason comes to, and for one that comes to nothing, why. */
function findings(rows: readonly Readonly<Record<string, Cell>>[]): string[] {
  const skylake = resolveHost(hostOf(SKYLAKE, { kernel: "c82" }, OLD)).entryWork;
  const cascadeLake = resolveHost(hostOf(CASCADE_LAKE, { kernel: UPSTREAM, tsx: "on" }, OLD)).entryWork;
  return [
    "(a) rcuwait: the `ipi` test does not show it, since its target is still inside its HLT exit when the next IPI comes and no thread is woken. Where " +
      "the target sleeps the sender pays for the wake-up, with swait's queue lock or without.",
    `(b) TAA without microcode on a Skylake: VERW before entry is ${skylake.verw}, since ${skylake.verwWhy}. On a Cascade Lake it is ` +
      `${cascadeLake.verw}, since ${cascadeLake.verwWhy}. A VERW that clears costs more than one that does not, so current microcode lowers the gain more.`,
    "(c) c82 took the ICR fastpath in the form of 5.8, so against 5.8 nothing is left. Against 6.18 the ICR write itself gains " +
      `${points(rows, "sleeper_gain")} points less: there the sender re-enters the guest without leaving the inner loop (0dd45f2cd8cc, 6.12). The test ` +
      "waits for the target and not for the sender, so that does not show in it; what its gain differs by comes from the other exits of the round trip " +
      "(a HLT with an interrupt pending has a fastpath since 6.12) and from the mitigations of each kernel.",
  ];
}

/** By how many points c82 is below 6.18 in a column. */
function points(rows: readonly Readonly<Record<string, Cell>>[], key: string): string {
  const [newest, c82] = [NEW, OLD_KERNEL].map((reason) => rows.find((one) => one["reason"] === reason)?.[key]);
  if (typeof newest !== "object" || typeof c82 !== "object" || newest === null || c82 === null) return "";
  return ((newest.value - c82.value) * 100).toFixed(1);
}
