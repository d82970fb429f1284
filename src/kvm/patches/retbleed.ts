/**
 * Kernel IBRS and untrained return thunks, on kernels of before July 2022. Distributions took it
 * together with the spectre work of that spring, on which it stands.
 */
import type { Patch } from "../patch.ts";

export const retbleedPatch = {
  name: "retbleed",
  commits: ["spectre-bhb-2022", "retbleed"],
  title: "x86/bugs: Add retbleed mitigations",
  source: "bugs.c retbleed_select_mitigation (5.19 and stable)",
} as const satisfies Patch;
