/**
 * Branch history injection: what a guest did must not steer the host's indirect branches through the
 * branch history. Distributions took the mitigation of April 2024 into every kernel they maintain.
 */
import type { Patch } from "../patch.ts";

export const bhi = {
  name: "bhi",
  commits: ["bhi"],
  title: "x86/bhi: Mitigate Native BHI",
  source: "bugs.c bhi_select_mitigation (6.9 and stable)",
} as const satisfies Patch;
