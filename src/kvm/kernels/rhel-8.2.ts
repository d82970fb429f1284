/**
 * RHEL 8.2 (4.18.0-193, April 2020): no tree could be read. The timer fastpaths were first
 * posted in the month of its release, so they cannot be in it; the posted timer (July 2019) can,
 * and 8.3 has it. The ICR fastpath (November 2019) is possible and left out by default:
 * `fastpath: { icr: on }` adds it.
 */
import { type Kernel, kernelOn } from "../kernel-from-commits.ts";
import { rhel81 } from "./rhel-8.1.ts";

export const rhel82: Kernel = kernelOn(
  rhel81,
  {
    name: "rhel-8.2",
    doc: "RHEL 8.2 (4.18.0-193): no fastpaths; posted timers for every VM of a nohz_full host",
    source: "assumed, like v5.4: bracketed by the kernels of 8.1 and 8.3 and by upstream dates",
  },
  ["2d5ba19bdfef", "lapic-timer-unpinned", "0c5f81dad46c", "timer-advance-late-wait", "timer-advance-follows-delay"],
);
