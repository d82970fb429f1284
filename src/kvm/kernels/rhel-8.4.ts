/**
 * RHEL 8.4 (4.18.0-305, May 2021): KVM of about v5.8, hence with all three fastpaths. It
 * predates the fix 1714a4eb6fb0 by nine months, so a nohz_full host takes the preemption timer
 * from every VM. 8.3 still has swait; whether 8.4 has rcuwait could not be read: assumed yes.
 */
import { type Kernel, kernelOn } from "../kernel-from-commits.ts";
import { rhel83 } from "./rhel-8.3.ts";

export const rhel84: Kernel = kernelOn(
  rhel83,
  {
    name: "rhel-8.4",
    doc: "RHEL 8.4 (4.18.0-305): KVM of v5.8 with its fastpaths, and the DPDK regression",
    source: "the kernel of RHEL 8.3, 4.18.0-240, as the lower bound, rcuwait assumed",
  },
  ["da4ad88cab58"],
);
