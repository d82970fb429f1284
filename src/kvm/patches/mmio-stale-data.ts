/**
 * VERW for guests that can touch real MMIO, on kernels of before June 2022.
 */
import type { Patch } from "../patch.ts";

export const mmioStaleDataPatch = {
  name: "mmio_stale_data",
  commits: ["mmio_stale_data"],
  title: "x86/speculation/mmio: Add mitigation for Processor MMIO Stale Data",
  source: "bugs.c mmio_select_mitigation (5.19 and stable)",
} as const satisfies Patch;
