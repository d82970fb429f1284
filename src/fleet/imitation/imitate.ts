/**
 * From a mix of exits to a guest that causes it. Counts are never replayed: the emulator runs a
 * guess at the guest's behaviour on a host, and what comes out corrects the guess.
 *
 *   HLT          wake-ups, by a request (its tick stops and starts: writes of the timer) or quiet
 *   MSR_WRITE    what wake-ups write, ticks that run out while a vCPU runs, then IPIs, then other MSRs
 *   PREEMPTION_TIMER   ticks of the vCPUs that run; beyond them a periodic timer
 *   time in HLT  how long a piece of work takes, and how many vCPUs never halt
 *   the rest     one operation each, per second of computation
 */
import type { Workload } from "../../guest/workload.ts";
import type { GuestSpec, HostSpec } from "../../kvm/host-spec.ts";
import { StatRun } from "../../kvm/stat.ts";
import { backgroundOf, BUSY_WORK_NS, firstKnobs, type Knobs, mmioShare, namesOn, workloadOf } from "./knobs.ts";
import { emulatedMix, idleShare, type Mix, rateOf, shareOf, unnamedRate, worstShare } from "./mix.ts";

export interface Imitation {
  readonly workload: Workload;
  readonly emulated: Mix;
  /** The largest difference of a share. */
  readonly worst: number;
}

/** What a file says of itself, and what the capture's ticks tell. */
export interface About {
  readonly doc: string;
  readonly source: string;
  /** Share of a vCPU's time in which ticks found it running. */
  readonly ticking: number;
}

const ROUNDS = 20;
/** Rounds without a gain after which it ends. */
const PATIENCE = 4;
/** Good enough: half a point of any share, three percent of the rate. */
const SHARE_GOAL = 0.005;
const RATE_GOAL = 0.03;
/** Events that a round looks at, and the emulated time that it takes for them. */
const EVENTS = 30_000;
const SECONDS = { min: 0.4, max: 20 };
/** Timer writes of one wake-up with work: the tick stops, and starts again (assumed; measured rounds correct it). */
const WRITES_PER_WAKE = 2.5;
/** Part of the wake-ups that may come from IPIs: somebody has to begin. */
const IPI_SHARE_MAX = 0.95;
const STEP = 0.8;
/** Seconds before a round counts. */
const WARM_UP = 0.3;
/** Share of time in HLT that is close enough. */
const IDLE_GOAL = 0.01;

/**
 * Finds a workload for the one guest of `spec`. Yields how far it is, 0 to 1.
 * @param seed of the rounds; the result is measured with another one.
 */
export function* imitate(mix: Mix, spec: HostSpec, about: About, seed: number): Generator<number, Imitation> {
  const guest = Object.values(spec.guests)[0] as GuestSpec;
  const names = namesOn(mix.vendor, spec, guest);
  const seconds = Math.min(SECONDS.max, Math.max(SECONDS.min, EVENTS / Math.max(1, mix.total * guest.vcpus)));
  let knobs = firstKnobs(mix, guest, names, about.ticking);
  let best = { knobs, worst: Infinity };
  let idleRounds = 0;
  for (let round = 0; round < ROUNDS; round++) {
    const emulated = emulate(spec, knobs, seed, seconds, mix);
    const worst = worstShare(mix, emulated) + Math.max(0, Math.abs(emulated.total / mix.total - 1) - RATE_GOAL);
    (globalThis as any).DEBUG?.(knobs, emulated, mix);
    idleRounds = worst < best.worst - SHARE_GOAL / 5 ? 0 : idleRounds + 1;
    if (worst < best.worst) best = { knobs, worst };
    if (worst < SHARE_GOAL || idleRounds === PATIENCE) break;
    yield (round + 1) / (ROUNDS + 1);
    knobs = corrected(knobs, mix, emulated, guest, names);
  }
  const emulated = emulate(spec, best.knobs, seed + 1, seconds, mix);
  return { workload: workloadOf(best.knobs, guest.vcpus, about.doc, about.source), emulated, worst: worstShare(mix, emulated) };
}

function emulate(spec: HostSpec, knobs: Knobs, seed: number, seconds: number, { vendor }: Mix): Mix {
  const [name = "", guest] = Object.entries(spec.guests)[0] as [string, GuestSpec];
  const workload = { ...workloadOf(knobs, guest.vcpus, "", ""), name: "imitation" };
  return emulatedMix(
    new StatRun({ ...spec, guests: { [name]: { ...guest, count: 1, workload } } }, seed, seconds, WARM_UP).report(),
    vendor,
  );
}

interface Names {
  readonly write: string;
  readonly halt: string;
}

function corrected(knobs: Knobs, mix: Mix, emulated: Mix, guest: GuestSpec, names: Names): Knobs {
  const ofWrites = writesCorrected(knobs, mix, emulated, guest, names);
  const ofHalts = haltsCorrected(ofWrites, rateOf(mix, names.halt) - rateOf(emulated, names.halt));
  return {
    ...ofHalts,
    workNs: workCorrected(knobs, mix, emulated, guest),
    timers: timersCorrected(knobs, mix, emulated, guest),
    background: backgroundCorrected(ofHalts, mix, emulated),
  };
}

/** Register writes that are missing, or too many: who makes them? */
function writesCorrected(knobs: Knobs, mix: Mix, emulated: Mix, guest: GuestSpec, { write, halt }: Names): Knobs {
  const key = guest.apic === "xapic" ? "apic_register" : "other_msr";
  const compute = computeShare(emulated);
  let missing = (rateOf(mix, write) - rateOf(emulated, write)) * STEP;
  let { requests, quiet, ipis } = knobs;
  let register = knobs.background[key] * compute;
  if (missing < 0) {
    const dropped = Math.min(register, -missing);
    register -= dropped;
    missing += dropped;
    const fewer = Math.min(ipis, -missing);
    ipis -= fewer;
    requests += fewer;
    missing += fewer;
    const silenced = Math.min(requests, -missing / WRITES_PER_WAKE);
    requests -= silenced;
    quiet += silenced;
  } else {
    const woken = Math.min(quiet, missing / WRITES_PER_WAKE);
    quiet -= woken;
    requests += woken;
    missing -= woken * WRITES_PER_WAKE;
    const most = guest.vcpus < 2 ? 0 : Math.min(IPI_SHARE_MAX * rateOf(mix, halt), mix.icr ?? Infinity);
    const more = Math.min(Math.max(0, most - Math.max(ipis, emulated.icr ?? 0)), missing);
    // An IPI wakes where a request would have.
    ipis += more;
    requests = Math.max(0, requests - more);
    register += missing - more;
  }
  return { ...knobs, requests, quiet, ipis, background: { ...knobs.background, [key]: register / compute } };
}

function haltsCorrected(knobs: Knobs, missing: number): Knobs {
  const { requests, quiet } = knobs;
  const share = requests + quiet === 0 ? 1 : requests / (requests + quiet);
  const step = missing * STEP;
  return { ...knobs, requests: Math.max(0, requests + step * share), quiet: Math.max(0, quiet + step * (1 - share)) };
}

/** The longer a piece of work, the less time in HLT. */
function workCorrected(knobs: Knobs, mix: Mix, emulated: Mix, guest: GuestSpec): number {
  const [wanted, came] = [idleShare(mix), idleShare(emulated)];
  if (wanted === null || came === null || Math.abs(wanted - came) < IDLE_GOAL) return knobs.workNs;
  const asked = Math.max(IDLE_GOAL, 1 - came - knobs.busyVcpus / guest.vcpus);
  const ratio = Math.min(2, Math.max(0.5, (asked + came - wanted) / asked));
  return Math.min(1e8, Math.max(knobs.busyVcpus > 0 ? BUSY_WORK_NS : 200, knobs.workNs * ratio));
}

/** Expiries beyond the ticks of running vCPUs. */
function timersCorrected(knobs: Knobs, mix: Mix, emulated: Mix, guest: GuestSpec): number {
  const missing = shareOf(mix, "PREEMPTION_TIMER") - shareOf(emulated, "PREEMPTION_TIMER");
  // Where all vCPUs halt now and then, most expiries of such a timer would be wake-ups.
  if (knobs.busyVcpus === 0 || (knobs.timers === 0 && missing < 2 * SHARE_GOAL)) return 0;
  const running = knobs.busyVcpus / guest.vcpus;
  return Math.max(0, knobs.timers + ((rateOf(mix, "PREEMPTION_TIMER") - rateOf(emulated, "PREEMPTION_TIMER")) * STEP) / running);
}

function backgroundCorrected({ background }: Knobs, mix: Mix, emulated: Mix): Knobs["background"] {
  const next = { ...background };
  const compute = computeShare(emulated);
  for (const [operation, reason] of backgroundOf(mix.vendor)) {
    const unnamed = operation === "other" ? Math.max(0, mix.unlisted - unnamedRate(mix, emulated)) : 0;
    next[operation] = scaled(background[operation], rateOf(mix, reason) + unnamed, rateOf(emulated, reason), compute);
  }
  const misconfigs = background.mmio + background.doorbell;
  const all = scaled(misconfigs, rateOf(mix, "EPT_MISCONFIG"), rateOf(emulated, "EPT_MISCONFIG"), compute);
  const [wanted, came] = [mix.avgUs.get("EPT_MISCONFIG"), emulated.avgUs.get("EPT_MISCONFIG")];
  let share = misconfigs === 0 ? 0 : background.mmio / misconfigs;
  if (wanted !== undefined && came !== undefined) share = Math.min(1, Math.max(0, share + mmioShare(wanted) - mmioShare(came)));
  next.mmio = all * share;
  next.doorbell = all * (1 - share);
  return next;
}

function scaled(rate: number, wanted: number, came: number, compute: number): number {
  if (wanted === 0) return 0;
  if (rate === 0 || came === 0) return wanted / compute;
  return rate * Math.min(4, Math.max(0.25, wanted / came));
}

/** Share of its time that a vCPU computes. */
const computeShare = (emulated: Mix): number => Math.max(0.01, 1 - (idleShare(emulated) ?? 0));
