/** The catalogue of backports that `patches:` may name. */
import type { Patch } from "./kernel.ts";
import { fastpathIcr } from "./patches/fastpath-icr.ts";
import { fastpathPreemptionTimer } from "./patches/fastpath-preemption-timer.ts";
import { fastpathTscDeadline } from "./patches/fastpath-tsc-deadline.ts";
import { rcuwait } from "./patches/rcuwait.ts";
import { timerPiPerVcpu } from "./patches/timer-pi-per-vcpu.ts";
import { timerPiPerVm } from "./patches/timer-pi-per-vm.ts";

export const PATCHES = {
  rcuwait,
  "timer-pi-per-vm": timerPiPerVm,
  "timer-pi-per-vcpu": timerPiPerVcpu,
  "fastpath-icr": fastpathIcr,
  "fastpath-tsc-deadline": fastpathTscDeadline,
  "fastpath-preemption-timer": fastpathPreemptionTimer,
} as const satisfies Record<string, Patch>;
export type PatchName = keyof typeof PATCHES;
export const PATCH_NAMES = Object.keys(PATCHES) as PatchName[];
