/** What is left of KVM's code in the caches of a vCPU's CPU, and what an exit takes longer for the rest. */
import { tailTable } from "../../../src/cost/noise.ts";
import { COLD } from "../../../src/cost/paths.ts";
import type { ExitCost } from "../../../src/cost/plan.ts";
import { readQuantile } from "../../../src/sim/samplers.ts";
import type { OracleVcpu } from "./world.ts";

/** Other code ran for so many cycles: it takes the core's own caches, at most `most` of their lines. */
export function displaceBy(vcpu: OracleVcpu, cycles: number, most = 1): void {
  vcpu.inCore *= 1 - (most * cycles) / (cycles + COLD.workHalf.value);
}

/** Its thread slept; returns the share that went to memory. */
export function lostAsleep(vcpu: OracleVcpu, ns: number): number {
  const lost = ns / (ns + COLD.sleepHalfNs.value);
  vcpu.onChip *= 1 - lost;
  return lost;
}

/** An exit begins after `ran` cycles of the guest: cycles that it takes longer. All of KVM is warm after it. */
export function coldCycles(vcpu: OracleVcpu, cost: ExitCost, ran: number, draw: number): number {
  const { workingSetMib } = vcpu.program;
  displaceBy(vcpu, ran, workingSetMib / (workingSetMib + COLD.cacheMib.value));
  const cold = 1 - vcpu.onChip + vcpu.onChip * (1 - vcpu.inCore) * COLD.nearby.value;
  vcpu.inCore = 1;
  vcpu.onChip = 1;
  // A table of 1024 steps: the whole part of the draw chose the noise, the rest chooses this.
  const rest = draw * 1024 - Math.floor(draw * 1024);
  return Math.round(cold * COLD.code.value * readQuantile(tailTable(COLD.spread.value), rest) * cost.software);
}
