/**
 * A host's counters as a slice border shows them: what is complete, plus what has passed of the
 * guest stretches, exits, polls and sleeps in progress. Looking changes nothing, so the figures at
 * an instant are the same however time was sliced; and every figure only grows.
 */
import { AT, CPU_USES, VCPU_STATES } from "./counters.ts";
import { mitigationSoFar } from "./exit-progress.ts";
import type { KvmHost } from "./host.ts";
import { carry } from "./tally.ts";
import { STATE } from "./vcpu.ts";

const use = (name: (typeof CPU_USES)[number]): number => AT.cpuCycles + CPU_USES.indexOf(name);
const state = (name: (typeof VCPU_STATES)[number]): number => AT.vcpuCycles + VCPU_STATES.indexOf(name);
const HIGH = 2 ** 48;

export interface CounterView {
  readonly low: Float64Array;
  readonly high: Float64Array;
}

/** The counters at `host.now`. */
export function viewCounters(host: KvmHost): CounterView {
  const { low, high } = host.tally.copy();
  const now = host.now;
  const add = (index: number, amount: number): void => {
    low[index] = (low[index] as number) + amount;
  };
  for (const vcpu of host.vcpus) {
    if (vcpu.state === STATE.paused) continue;
    add(AT.vcpuCycles + vcpu.state, now - vcpu.since);
    if (vcpu.state !== STATE.guest) add(use("exit_mitigation"), mitigationSoFar(vcpu, now));
  }
  for (const vm of host.vms) {
    let work = 0;
    for (const vcpu of vm.vcpus) work += vcpu.program.workCycles;
    add(host.work.indexOf(vm.guest.spec.workload), work);
  }
  add(use("housekeeping"), -host.physicalCpus.unfinishedHousekeeping(now));
  addTime(low, high, AT.emulatedCycles, host, 1);
  addTime(low, high, use("idle"), host, host.physicalCpus.count);
  const copyInto = (to: number, from: number, sign: number): void => {
    low[to] = (low[to] as number) + sign * (low[from] as number);
    high[to] = (high[to] as number) + sign * (high[from] as number);
  };
  copyInto(use("guest"), state("guest"), 1);
  copyInto(use("halt_poll"), state("halt_poll"), 1);
  copyInto(use("exit_work"), state("exit"), 1);
  copyInto(use("exit_work"), use("exit_mitigation"), -1);
  for (const name of CPU_USES) if (name !== "idle") copyInto(use("idle"), use(name), -1);
  for (const name of CPU_USES) borrow(low, high, use(name));
  carry(low, high);
  return { low, high };
}

/** Adds `times` × the host's emulated time, exactly. */
function addTime(low: Float64Array, high: Float64Array, index: number, host: KvmHost, times: number): void {
  const rebases = host.rebases * times;
  const rebasesPerHigh = HIGH / host.rebaseCycles;
  high[index] = (high[index] as number) + Math.floor(rebases / rebasesPerHigh);
  low[index] = (low[index] as number) + (rebases % rebasesPerHigh) * host.rebaseCycles + times * host.now;
}

/** Makes `low` non-negative again after a subtraction. */
function borrow(low: Float64Array, high: Float64Array, index: number): void {
  while ((low[index] as number) < 0) {
    low[index] = (low[index] as number) + HIGH;
    high[index] = (high[index] as number) - 1;
  }
}
