/** One round of an imitation: what came out corrects what is tried next. */
import type { GuestSpec } from "../../kvm/host-spec.ts";
import { backgroundOf, BUSY_WORK_NS, type Knobs, mmioShare, type Names } from "./knobs.ts";
import { idleShare, type Mix, rateOf, unnamedRate } from "./mix.ts";

/** Part of a difference that one round makes up for. */
const STEP = 0.8;
/** Timer writes of one wake-up with work: the tick stops, and starts again (assumed; measured rounds correct it). */
const WRITES_PER_WAKE = 2.5;
/** Part of the wake-ups that may come from IPIs: somebody has to begin. */
const IPI_SHARE_MAX = 0.95;
/** Share of time in HLT that is close enough. */
const IDLE_GOAL = 0.01;
/** Share of the exits below which a timer of its own is not worth it. */
const TIMER_POINTS = 0.01;

/** What is missing, or too much, in the emulated mix moves each quantity towards the captured one. */
export function corrected(knobs: Knobs, mix: Mix, emulated: Mix, guest: GuestSpec, names: Names): Knobs {
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

/** Expiries beyond the ticks of running vCPUs: a timer of their own. */
function timersCorrected(knobs: Knobs, mix: Mix, emulated: Mix, guest: GuestSpec): number {
  // Where all vCPUs halt now and then, most expiries of such a timer would be wake-ups.
  if (knobs.busyVcpus === 0) return 0;
  const reason = "PREEMPTION_TIMER";
  const missing = (rateOf(mix, reason) - rateOf(emulated, reason)) * STEP;
  const timers = Math.max(0, knobs.timers + (missing * guest.vcpus) / knobs.busyVcpus);
  return timers * (knobs.busyVcpus / guest.vcpus) < TIMER_POINTS * mix.total ? 0 : timers;
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
