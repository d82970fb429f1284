/**
 * Linux 6.8 (March 2024), as released: main line's first with VERW right before VMLAUNCH.
 */
import { type Kernel, mainlineKernel } from "../kernel-from-commits.ts";

export const linux68: Kernel = mainlineKernel("6.8", {
  name: "linux-6.8",
  doc: "Linux 6.8: VERW right before VMLAUNCH; before RFDS and BHI",
  source: "upstream dates",
});
