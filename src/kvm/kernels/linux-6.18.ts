/**
 * Linux 6.18 (November 2025, long-term): the fastpaths of TSC_DEADLINE and the ICR lose their
 * conditions, INVD gets one, and AMD has them, too. AVIC is on where the CPU has x2AVIC.
 */
import { type Kernel, mainlineKernel } from "../kernel-from-commits.ts";

export const linux618: Kernel = mainlineKernel("6.18", {
  name: "linux-6.18",
  doc: "Linux 6.18: TSC_DEADLINE always, any fast ICR write and INVD on the fastpath; AVIC by default on Zen 4",
  source: "upstream dates and the list mails of August 2025; rules read in 7.1.3",
});
