/**
 * RHEL 8.3 (4.18.0-240, November 2020): KVM of about v5.8 with all three fastpaths, but a blocked
 * vCPU still waits on a swait queue. So rcuwait and the timer fastpaths, which came into Linux in
 * one release, did not come into RHEL together.
 */
import { type Kernel, kernelOn } from "../kernel-from-commits.ts";
import { fastpathIcr } from "../patches/fastpath-icr.ts";
import { fastpathPreemptionTimer } from "../patches/fastpath-preemption-timer.ts";
import { fastpathTscDeadline } from "../patches/fastpath-tsc-deadline.ts";
import { rhel82 } from "./rhel-8.2.ts";

export const rhel83: Kernel = kernelOn(
  rhel82,
  {
    name: "rhel-8.3",
    doc: "RHEL 8.3 (4.18.0-240): KVM of v5.8 with its fastpaths, still swait",
    source: "4.18.0-240, arch/x86/kvm and virt/kvm; that it is 8.3: assumed from its number",
  },
  [...fastpathIcr.commits, ...fastpathTscDeadline.commits, ...fastpathPreemptionTimer.commits, "srbds"],
);
