/**
 * The vendor's kernel on a RHEL 8.4 base, which has the three fastpaths already; the vendor's own
 * backports of them change nothing there. Where cpu-pm is offered (the enterprise cloud) it posts
 * timers without being told.
 */
import { type Kernel, kernelOn } from "../kernel-from-commits.ts";
import { rhel84 } from "./rhel-8.4.ts";

const facts = {
  name: "c84",
  doc: "The vendor's kernel on RHEL 8.4: three fastpaths, rcuwait",
  source:
    "assumed: a cloud vendor's description of its kernels, not public; pi_inject_timer=1 in the enterprise cloud is what its 'on by default' must mean",
};

export const c84: Kernel = { ...kernelOn(rhel84, facts, []), postsTimersInEnterpriseCloud: true };
