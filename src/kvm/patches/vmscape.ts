/**
 * An IBPB between a guest and the user space of its host, on kernels of before September 2025.
 */
import type { Patch } from "../patch.ts";

export const vmscapePatch = {
  name: "vmscape",
  commits: ["vmscape"],
  title: "x86/vmscape: Add conditional IBPB mitigation",
  source: "bugs.c vmscape_select_mitigation (6.17 and stable)",
} as const satisfies Patch;
