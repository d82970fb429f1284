/**
 * retbleed=stuff: calls of the kernel are counted, and before a return would underflow the return
 * stack it is filled again. Returns stay predicted, so that a Skylake gets by with retpolines
 * instead of legacy IBRS.
 *
 * Linux: arch/x86/kernel/cpu/bugs.c retbleed_select_mitigation, RETBLEED_CMD_STUFF (6.2); it takes
 * the automatic choice where spectre_v2 did not select plain retpolines. Simplified: on AMD always,
 * as 6.17 has it.
 */
import { isKnownBug } from "./bug-status.ts";
import type { MitigationContext } from "./mitigation.ts";
import { spectreV2Mode } from "./spectre-v2-mode.ts";

export function stuffsForRetbleed(context: MitigationContext): boolean {
  const { cpu, traits, settings } = context;
  const asked = settings.retbleed === "stuff" && settings.all !== "off" && cpu.vendor === "intel";
  const possible = traits.callDepthTracking === "present" && isKnownBug(context, "retbleed");
  return asked && possible && spectreV2Mode(context).mode === "retpoline";
}
