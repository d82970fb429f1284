/** What is left of KVM's code in the caches of a vCPU's CPU, and what an exit takes longer for the rest. */
import { COLD_TABLE } from "../../../src/cost/noise.ts";
import { CACHE_MIB, COLD_CACHES_HALF_NS, COLD_CODE, WORK_HALF } from "../../../src/cost/paths.ts";
import type { ExitCost } from "../../../src/cost/plan.ts";
import { readQuantile } from "../../../src/sim/samplers.ts";
import type { OracleVcpu } from "./world.ts";

/** Other code ran for so many cycles; at most `most` of all lines can go. */
export function displaceBy(vcpu: OracleVcpu, cycles: number, most = 1): void {
  vcpu.cached *= 1 - (most * cycles) / (cycles + WORK_HALF.value);
}

/** Its thread slept; returns the share that was lost. */
export function lostAsleep(vcpu: OracleVcpu, ns: number): number {
  const lost = ns / (ns + COLD_CACHES_HALF_NS.value);
  vcpu.cached *= 1 - lost;
  return lost;
}

/** An exit begins after `ran` cycles of the guest: cycles that it takes longer. All of KVM is warm after it. */
export function coldCycles(vcpu: OracleVcpu, cost: ExitCost, ran: number, draw: number): number {
  const { workingSetMib } = vcpu.program;
  displaceBy(vcpu, ran, workingSetMib / (workingSetMib + CACHE_MIB.value));
  const lost = 1 - vcpu.cached;
  vcpu.cached = 1;
  // A table of 1024 steps: the whole part of the draw chose the noise, the rest chooses this.
  const rest = draw * 1024 - Math.floor(draw * 1024);
  return Math.round(lost * COLD_CODE.value * readQuantile(COLD_TABLE, rest) * cost.software);
}
