/**
 * Linux 5.5 (January 2020): the first fastpath. A write of the x2APIC ICR is sent right after the
 * exit, still before host interrupts are on; the rest of the exit takes its normal way. Broadcasts
 * take it, too, which 5.7 puts right.
 */
import { type Kernel, mainlineKernel } from "../kernel-from-commits.ts";

export const linux55: Kernel = mainlineKernel("5.5", {
  name: "linux-5.5",
  doc: "Linux 5.5: the ICR fastpath begins, and skips the emulation only",
  source: "upstream dates; the fastpath read in 5.6.4",
});
