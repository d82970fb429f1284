/**
 * Linux 6.4 (June 2023), as released: the `exits` statistic counts re-entered fastpath exits, so a
 * host of timer fastpaths seems to have more of them than before. Automatic IBRS for AMD.
 */
import { type Kernel, mainlineKernel } from "../kernel-from-commits.ts";

export const linux64: Kernel = mainlineKernel("6.4", {
  name: "linux-6.4",
  doc: "Linux 6.4: the exits statistic counts re-entries; Automatic IBRS",
  source: "upstream dates",
});
