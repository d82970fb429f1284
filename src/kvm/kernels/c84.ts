/**
 * The vendor's kernel on a RHEL 8.4 base, which has the three fastpaths already; they are named
 * again because the vendor carries them. Where cpu-pm is offered (the enterprise cloud) it posts
 * timers without being told.
 */
import type { Kernel } from "../kernel.ts";
import { fastpathIcr } from "../patches/fastpath-icr.ts";
import { fastpathPreemptionTimer } from "../patches/fastpath-preemption-timer.ts";
import { fastpathTscDeadline } from "../patches/fastpath-tsc-deadline.ts";
import { rhel84 } from "./rhel-8.4.ts";

export const c84 = {
  name: "c84",
  doc: "The vendor's kernel on RHEL 8.4: three fastpaths, rcuwait",
  traits: { ...rhel84.traits, ...fastpathIcr.traits, ...fastpathTscDeadline.traits, ...fastpathPreemptionTimer.traits },
  postsTimersInEnterpriseCloud: true,
  source:
    "assumed: a cloud vendor's description of its kernels, not public; pi_inject_timer=1 in the enterprise cloud is what its 'on by default' must mean",
} as const satisfies Kernel;
