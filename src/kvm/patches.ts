/** The catalogue of backports that `patches:` may name. */
import type { Patch } from "./patch.ts";
import { bhi } from "./patches/bhi.ts";
import { fastpathIcr } from "./patches/fastpath-icr.ts";
import { fastpathPreemptionTimer } from "./patches/fastpath-preemption-timer.ts";
import { fastpathTscDeadline } from "./patches/fastpath-tsc-deadline.ts";
import { its } from "./patches/its.ts";
import { mmioStaleDataPatch } from "./patches/mmio-stale-data.ts";
import { rcuwait } from "./patches/rcuwait.ts";
import { retbleedPatch } from "./patches/retbleed.ts";
import { staticCalls } from "./patches/static-calls.ts";
import { timerPiPerVcpu } from "./patches/timer-pi-per-vcpu.ts";
import { timerPiPerVm } from "./patches/timer-pi-per-vm.ts";
import { vmscapePatch } from "./patches/vmscape.ts";

export const PATCHES = {
  rcuwait,
  "timer-pi-per-vm": timerPiPerVm,
  "timer-pi-per-vcpu": timerPiPerVcpu,
  "fastpath-icr": fastpathIcr,
  "fastpath-tsc-deadline": fastpathTscDeadline,
  "fastpath-preemption-timer": fastpathPreemptionTimer,
  "static-calls": staticCalls,
  vmscape: vmscapePatch,
  bhi,
  its,
  mmio_stale_data: mmioStaleDataPatch,
  retbleed: retbleedPatch,
} as const satisfies Record<string, Patch>;
export type PatchName = keyof typeof PATCHES;
export const PATCH_NAMES = Object.keys(PATCHES) as PatchName[];
