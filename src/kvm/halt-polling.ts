/**
 * Halt polling: how long a halted vCPU keeps its CPU and looks for work before it sleeps.
 * Linux virt/kvm/kvm_main.c kvm_vcpu_halt, grow_halt_poll_ns, shrink_halt_poll_ns.
 */
import type { HaltPollSettings } from "./resolved.ts";

/** Window of the next HLT, given how the last one went. `haltedNs`: poll and block together. */
export function nextWindow(settings: HaltPollSettings, windowNs: number, haltedNs: number, validWakeup: boolean): number {
  if (settings.mode === "off" || settings.maxNs === 0) return 0;
  if (settings.mode === "always") return settings.maxNs;
  if (!validWakeup) return shrink(settings, windowNs);
  if (haltedNs <= windowNs) return windowNs;
  if (windowNs > 0 && haltedNs > settings.maxNs) return shrink(settings, windowNs);
  if (windowNs < settings.maxNs && haltedNs < settings.maxNs) return grow(settings, windowNs);
  return windowNs;
}

/** Window of a vCPU that has just been created. */
export const initialWindow = (settings: HaltPollSettings): number => (settings.mode === "always" ? settings.maxNs : 0);

function grow(settings: HaltPollSettings, windowNs: number): number {
  if (settings.grow === 0) return windowNs;
  return Math.min(Math.max(windowNs * settings.grow, settings.growStartNs), settings.maxNs);
}

function shrink(settings: HaltPollSettings, windowNs: number): number {
  if (settings.shrink === 0) return 0;
  const window = Math.floor(windowNs / settings.shrink);
  return window < settings.shrinkFloorNs ? 0 : window;
}
