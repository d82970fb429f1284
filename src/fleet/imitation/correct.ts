/** One round of an imitation: what came out corrects what is tried next. */
import type { GuestSpec } from "../../kvm/host-spec.ts";
import { backgroundOf, BUSY_WORK_NS, type Knobs, mmioShare, type Names, surplusOf } from "./knobs.ts";
import { idleShare, type Mix, rateOf, unnamedRate } from "./mix.ts";

/** Part of a difference that one round makes up for. */
const STEP = 0.8;
/** Timer writes of one wake-up with work: the tick stops, and starts again (assumed; measured rounds correct it). */
const WRITES_PER_WAKE = 3.3;
/** Part of the wake-ups that may come from IPIs: somebody has to begin. */
const IPI_SHARE_MAX = 0.95;
/** Share of time in HLT that is close enough. */
const IDLE_GOAL = 0.01;
/** Part of the captured halts below which a vCPU has too much work to halt. */
const OVERLOADED = 0.6;
/** Share of the exits below which a timer of its own is not worth it. */
const TIMER_POINTS = 0.01;

/** What is missing, or too much, in the emulated mix moves each quantity towards the captured one. */
export function corrected(knobs: Knobs, mix: Mix, emulated: Mix, guest: GuestSpec, names: Names): Knobs {
  const ofWrites = writesCorrected(ipisCorrected(knobs, mix, emulated, guest), mix, emulated, guest, names);
  const ofHalts = haltsCorrected(ofWrites, rateOf(mix, names.halt) - rateOf(emulated, names.halt));
  return {
    ...ofHalts,
    workNs: workCorrected(ofHalts, mix, emulated, guest, names),
    timers: timersCorrected(knobs, mix, emulated, guest),
    background: backgroundCorrected(ofHalts, mix, emulated),
  };
}

/** Where a table of MSRs tells how many IPIs there were: they wake where requests would have. */
function ipisCorrected(knobs: Knobs, mix: Mix, emulated: Mix, guest: GuestSpec): Knobs {
  if (mix.icr === null || knobs.windows || guest.vcpus < 2) return knobs;
  const step = (mix.icr - (emulated.icr ?? 0)) * STEP;
  const ipis = Math.min(knobs.ipis + knobs.requests * IPI_SHARE_MAX, Math.max(0, knobs.ipis + step));
  return { ...knobs, ipis, requests: knobs.requests - (ipis - knobs.ipis) };
}

/** Register writes that are missing, or too many: who makes them? */
function writesCorrected(knobs: Knobs, mix: Mix, emulated: Mix, guest: GuestSpec, names: Names): Knobs {
  const missing = (rateOf(mix, names.write) - rateOf(emulated, names.write)) * STEP;
  return missing < 0 ? withFewer(knobs, -missing, mix, emulated, guest) : withMore(knobs, missing, mix, emulated, guest, names);
}

/** Last found, first dropped: what nothing explains, then IPIs; then wake-ups lose their work, and the tick stays stopped. */
function withFewer(knobs: Knobs, tooMany: number, mix: Mix, emulated: Mix, guest: GuestSpec): Knobs {
  const { operation, writes } = surplusOf(knobs, guest);
  const compute = computeShare(emulated);
  let left = tooMany;
  const take = (rate: number): number => {
    const taken = Math.min(rate, left);
    left -= taken;
    return taken;
  };
  const surplus = knobs.background[operation] * compute * writes;
  const rest = surplus - take(surplus);
  const preempts = knobs.preempts - take(knobs.preempts);
  const fewer = mix.icr === null ? take(knobs.ipis) : 0;
  const requests = knobs.requests + fewer;
  const silenced = Math.min(requests, left / WRITES_PER_WAKE);
  return {
    ...knobs,
    preempts,
    ipis: knobs.ipis - fewer,
    requests: requests - silenced,
    quiet: knobs.quiet + silenced,
    background: { ...knobs.background, [operation]: rest / compute / writes },
  };
}

/** Quiet wake-ups get work; then IPIs wake where requests would have, or preempt; the rest is nobody's. */
function withMore(knobs: Knobs, missing: number, mix: Mix, emulated: Mix, guest: GuestSpec, { halt }: Names): Knobs {
  const { operation, writes } = surplusOf(knobs, guest);
  let left = missing;
  const give = (room: number, writesEach = 1): number => {
    const given = Math.min(Math.max(0, room), left / writesEach);
    left -= given * writesEach;
    return given;
  };
  const woken = give(knobs.quiet, WRITES_PER_WAKE);
  const known = mix.icr ?? Infinity;
  const sends = !knobs.windows && guest.vcpus > 1;
  const ipis = sends ? give(Math.min(IPI_SHARE_MAX * rateOf(mix, halt), known) - Math.max(knobs.ipis, emulated.icr ?? 0)) : 0;
  const preempts = sends && knobs.busyVcpus > 1 ? give(known - knobs.ipis - ipis - knobs.preempts) : 0;
  const more = { ...knobs, ipis: knobs.ipis + ipis, preempts: knobs.preempts + preempts };
  return {
    ...more,
    requests: Math.max(0, knobs.requests + woken - ipis),
    quiet: knobs.quiet - woken,
    // Pieces of work so short that their ends are as many as the wake-ups.
    workNs: preempts > 0 ? Math.min(knobs.workNs, (IPI_SHARE_MAX * 1e9) / more.preempts) : knobs.workNs,
    background: { ...knobs.background, [operation]: knobs.background[operation] + left / computeShare(emulated) / writes },
  };
}

function haltsCorrected(knobs: Knobs, missing: number): Knobs {
  const { requests, quiet } = knobs;
  const share = requests + quiet === 0 ? 1 : requests / (requests + quiet);
  const step = missing * STEP;
  return { ...knobs, requests: Math.max(0, requests + step * share), quiet: Math.max(0, quiet + step * (1 - share)) };
}

/** The longer a piece of work, the less time in HLT; where the capture has no times, the more ticks find the vCPU running. */
function workCorrected(knobs: Knobs, mix: Mix, emulated: Mix, guest: GuestSpec, { halt }: Names): number {
  const least = knobs.busyVcpus > 0 && knobs.preempts === 0 ? BUSY_WORK_NS : 200;
  const bounded = (ratio: number): number => Math.min(1e8, Math.max(least, knobs.workNs * Math.min(2, Math.max(0.5, ratio))));
  const [wanted, came] = [idleShare(mix), idleShare(emulated)];
  if (wanted === null) {
    if (knobs.busyVcpus > 0) return knobs.workNs;
    const halts = rateOf(emulated, halt) / rateOf(mix, halt);
    return bounded(halts < OVERLOADED ? 0.5 : tickRatio(mix, emulated));
  }
  if (came === null || Math.abs(wanted - came) < IDLE_GOAL) return knobs.workNs;
  const asked = Math.max(IDLE_GOAL, 1 - came - knobs.busyVcpus / guest.vcpus);
  return bounded((asked + came - wanted) / asked);
}

/** Ticks that found vCPUs running, captured over emulated. */
function tickRatio(mix: Mix, emulated: Mix): number {
  const reason = ["PREEMPTION_TIMER", "EXTERNAL_INTERRUPT", "interrupt"].find((name) => rateOf(mix, name) > 0);
  return reason === undefined || rateOf(emulated, reason) === 0 ? 1 : rateOf(mix, reason) / rateOf(emulated, reason);
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
