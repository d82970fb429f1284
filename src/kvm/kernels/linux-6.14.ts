/**
 * Linux 6.14 (March 2025), as released: as 6.12, before ITS, TSA and VMSCAPE were known.
 */
import { type Kernel, mainlineKernel } from "../kernel-from-commits.ts";

export const linux614: Kernel = mainlineKernel("6.14", {
  name: "linux-6.14",
  doc: "Linux 6.14: as 6.12, before the mitigations of mid-2025",
  source: "upstream dates",
});
