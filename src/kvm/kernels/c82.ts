/**
 * The vendor's kernel on a RHEL 8.2 base: the three fastpaths backported in their v5.8 form,
 * still swait (one reason why its IPIs gained less than upstream's; `patches: [rcuwait]` is what it merged later).
 * Where cpu-pm is offered (the enterprise cloud) it posts timers without being told.
 */
import { type Kernel, kernelOn } from "../kernel-from-commits.ts";
import { fastpathIcr } from "../patches/fastpath-icr.ts";
import { fastpathPreemptionTimer } from "../patches/fastpath-preemption-timer.ts";
import { fastpathTscDeadline } from "../patches/fastpath-tsc-deadline.ts";
import { rhel82 } from "./rhel-8.2.ts";

const facts = {
  name: "c82",
  doc: "The vendor's kernel on RHEL 8.2: three fastpaths backported, swait",
  source:
    "assumed: a cloud vendor's description of its kernels, not public; pi_inject_timer=1 in the enterprise cloud is what its 'on by default' must mean",
};

export const c82: Kernel = {
  ...kernelOn(rhel82, facts, [...fastpathIcr.commits, ...fastpathTscDeadline.commits, ...fastpathPreemptionTimer.commits]),
  postsTimersInEnterpriseCloud: true,
};
