/**
 * One arm of a comparison: a host emulated from its boot, measured block by block after a warm-up,
 * in which halt polling and the timer's advance find their values.
 */
import { cyclesAsleep } from "../../kvm/cpus-asleep.ts";
import { KvmHost } from "../../kvm/host.ts";
import { type CounterView, viewCounters } from "../../kvm/host-view.ts";
import type { ResolvedHost } from "../../kvm/resolved.ts";
import { HIGH_UNIT } from "../snapshot.ts";
import { Measured } from "./measured.ts";

export interface ArmPlan {
  readonly warmUpSeconds: number;
  readonly blockSeconds: number;
  readonly blocks: number;
}

/** Emulated vCPU time between two yields: a few milliseconds of ours, even for a busy guest. */
const STEP_VCPU_SECONDS = 0.008;

export const vcpusOf = ({ guests }: ResolvedHost): number => guests.reduce((sum, { cpus }) => sum + cpus.length, 0);

/** vCPU time that measuring an arm emulates. */
export const armVcpuSeconds = (host: ResolvedHost, { warmUpSeconds, blockSeconds, blocks }: ArmPlan): number =>
  vcpusOf(host) * (warmUpSeconds + blocks * blockSeconds);

/**
 * Emulates a host and measures its blocks. Yields the vCPU seconds that each step emulated.
 * @param seed of the host's own stream.
 */
export function* measureArm(resolved: ResolvedHost, seed: number, plan: ArmPlan): Generator<number, readonly Measured[]> {
  const host = new KvmHost(resolved, seed);
  const { tscHz } = resolved;
  const vcpus = vcpusOf(resolved);
  let block = new Measured();
  const nsPerCycle = 1e9 / tscHz;
  host.observeLatencies({
    timer: (cycles) => block.timer.add(cycles * nsPerCycle),
    ipi: (cycles) => block.ipi.add(cycles * nsPerCycle),
  });
  yield* advance(host, plan.warmUpSeconds, vcpus);
  const measured: Measured[] = [];
  let before = viewCounters(host);
  let asleep = cyclesAsleep(host);
  for (let n = 1; n <= plan.blocks; n++) {
    block = new Measured();
    yield* advance(host, plan.warmUpSeconds + n * plan.blockSeconds, vcpus);
    const after = viewCounters(host);
    const from = before;
    block.addCounters((index) => difference(from, after, index), resolved.cpu.vendor, tscHz, vcpus);
    const asleepNow = cyclesAsleep(host);
    block.addAsleep((asleepNow - asleep) / tscHz);
    measured.push(block);
    before = after;
    asleep = asleepNow;
  }
  return measured;
}

/** Emulates up to `seconds` after boot. */
function* advance(host: KvmHost, seconds: number, vcpus: number): Generator<number, void> {
  const { tscHz } = host.resolved;
  const end = Math.round(seconds * tscHz);
  const step = Math.max(1, Math.round((STEP_VCPU_SECONDS / Math.max(vcpus, 1)) * tscHz));
  let now = host.now + host.rebases * host.rebaseCycles;
  while (now < end) {
    const next = Math.min(end, now + step);
    host.advance(next);
    yield ((next - now) / tscHz) * vcpus;
    now = next;
  }
}

const difference = (from: CounterView, to: CounterView, index: number): number =>
  ((to.high[index] as number) - (from.high[index] as number)) * HIGH_UNIT + (to.low[index] as number) - (from.low[index] as number);
