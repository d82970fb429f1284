/**
 * Indirect target selection: thunks in a safe half of a cache line. Distributions took the
 * mitigation of May 2025 into every kernel they maintain.
 */
import type { Patch } from "../patch.ts";

export const its = {
  name: "its",
  commits: ["its"],
  title: "x86/its: Mitigate Indirect Target Selection",
  source: "bugs.c its_select_mitigation (6.15 and stable)",
} as const satisfies Patch;
