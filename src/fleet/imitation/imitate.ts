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
import { corrected } from "./correct.ts";
import { firstKnobs, type Knobs, namesOn, workloadOf } from "./knobs.ts";
import { besideHost, distance, emulatedMix, type Mix, worstShare } from "./mix.ts";

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
/** Good enough: a point of all shares together. The rate may be off by so much, which is more than a busier host's interrupts take. */
const GOAL = 0.01;
const RATE_GOAL = 0.08;
/** Events that a round looks at, and the emulated time that it takes for them. */
const EVENTS = 30_000;
const SECONDS = { min: 0.4, max: 20 };
/** So many vCPUs are enough where all are alike. */
const VCPUS_ENOUGH = 4;
/** Seconds before a round counts. */
const WARM_UP = 0.3;

/**
 * Finds a workload for the one guest of `spec`. Yields how far it is, 0 to 1.
 * @param seed of the rounds; the result is measured with another one.
 */
export function* imitate(mix: Mix, spec: HostSpec, about: About, seed: number): Generator<number, Imitation> {
  const whole = Object.values(spec.guests)[0] as GuestSpec;
  const names = namesOn(mix.vendor, spec, whole);
  const { busyVcpus } = firstKnobs(mix, whole, names, about.ticking);
  // Where no vCPU differs from the others, a few stand for all.
  const alike = busyVcpus === 0 || busyVcpus === whole.vcpus;
  const guest = { ...whole, count: 1, vcpus: alike ? Math.min(whole.vcpus, VCPUS_ENOUGH) : whole.vcpus };
  const seconds = Math.min(SECONDS.max, Math.max(SECONDS.min, EVENTS / Math.max(1, mix.total * guest.vcpus)));
  const emulate = (tried: Knobs, run: number): Mix => {
    const workload = { ...workloadOf(tried, guest.vcpus, "", ""), name: "imitation" };
    return emulatedMix(new StatRun({ ...spec, guests: { guest: { ...guest, workload } } }, run, seconds, WARM_UP).report(), mix.vendor);
  };
  let knobs = firstKnobs(mix, guest, names, about.ticking);
  let best = { knobs, apart: Infinity };
  let idleRounds = 0;
  for (let round = 0; round < ROUNDS; round++) {
    const emulated = emulate(knobs, seed);
    const apart = distance(mix, emulated) + Math.max(0, Math.abs(emulated.total / mix.total - 1) - RATE_GOAL);
    idleRounds = apart < best.apart - GOAL / 5 ? 0 : idleRounds + 1;
    if (apart < best.apart) best = { knobs, apart };
    if (apart < GOAL || idleRounds === PATIENCE) break;
    yield (round + 1) / (ROUNDS + 1);
    knobs = corrected(knobs, besideHost(mix, emulated), emulated, guest, names);
  }
  const emulated = emulate(best.knobs, seed + 1);
  return { workload: workloadOf(best.knobs, guest.vcpus, about.doc, about.source), emulated, worst: worstShare(mix, emulated) };
}
