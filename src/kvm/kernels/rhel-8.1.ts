/**
 * RHEL 8.1 (4.18.0-147, November 2019): no fastpath, no posted timer, timers pinned. It is what
 * `linux-4.18` stands for.
 */
import { type Kernel, kernelOn } from "../kernel-from-commits.ts";
import { linux418 } from "./linux-4.18.ts";

export const rhel81: Kernel = kernelOn(
  linux418,
  {
    name: "rhel-8.1",
    doc: "RHEL 8.1 (4.18.0-147): no fastpaths, no posted timer, pinned hrtimers",
    source: "4.18.0-147, arch/x86/kvm and virt/kvm; that it is 8.1: assumed from its number",
  },
  [],
);
