/**
 * What the posted timer was to end: redis in a dedicated VM whose HLT, MWAIT and PAUSE do not exit, on isolated CPUs
 * of a Skylake of 2.5 GHz (0c5f81dad46c KVM: LAPIC: Inject timer interrupt via posted interrupt). Assumed: redis is
 * busy all the time, and its network device is assigned; the kernel is the youngest here that cannot post.
 */
import { AT, TIMER_DELIVERIES } from "../../../src/kvm/counters.ts";
import { KIND, KIND_LIST } from "../../../src/kvm/exit-kinds.ts";
import { KvmHost } from "../../../src/kvm/host.ts";
import { resolveHost } from "../../../src/kvm/resolve.ts";
import type { StatExit } from "../../../src/kvm/stat.ts";
import { SHAPE_FACTOR, type PublishedFigure } from "../figure.ts";
import { machine } from "../machine.ts";
import { statOf } from "../measure.ts";

const SPEC = machine("skx-2500", {
  kernel: "linux-4.18",
  cpu_pm: true,
  cmdline: { nohz_full: true, isolcpus: true },
  guests: { vm: { vcpus: 4, workload: "redis", load: 2.5, assigned_device: true, placement: "isolated" } },
});
const SECONDS = 4;
const QUIET = "a nohz_full CPU takes no interrupt of the host's own here";

const interrupts = (): StatExit | undefined => statOf(SPEC, SECONDS).exits.find(({ reason }) => reason === "EXTERNAL_INTERRUPT");
/** Exits that the guest's own timer causes, by the hrtimer that stands in for it on the vCPU's CPU; the rest are other interrupts of the host. */
function ofTimer(): number {
  const resolved = resolveHost(SPEC);
  const host = new KvmHost(resolved, 1);
  host.advance(SECONDS * resolved.tscHz);
  const { low } = host.tally;
  const exits = KIND_LIST[KIND.externalInterrupt]!.cells.intel;
  return low[AT.timerExpirations + TIMER_DELIVERIES.indexOf("hrtimer")]! / low[AT.exits + exits]!;
}

const NAME = "before the posted timer, EXTERNAL_INTERRUPT";

const share = (what: string, published: number, emulate: () => number): PublishedFigure => ({
  id: `${NAME} ${what}`,
  published,
  unit: "ratio",
  grade: "read",
  within: { points: 0.05 },
  emulate,
});

const time = (what: string, us: number, emulate: () => number): PublishedFigure => ({
  id: `${NAME} ${what}`,
  published: us * 1000,
  unit: "ns",
  grade: "read",
  within: SHAPE_FACTOR,
  emulate,
});

export const EXITLESS_TIMER: readonly PublishedFigure[] = [
  share("share", 0.4943, () => interrupts()?.share ?? 0),
  share("share of time", 0.393, () => interrupts()?.time_share ?? 0),
  { ...share("share of the local timer", 0.93, ofTimer), open: QUIET },
  time("average", 0.71, () => (interrupts()?.avg_us ?? 0) * 1000),
  time("shortest", 0.47, () => (interrupts()?.min_us ?? 0) * 1000),
];
