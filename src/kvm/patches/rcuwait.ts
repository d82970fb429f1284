/**
 * `kvm: Replace vcpu->swait with rcuwait`. A vCPU has one waiter only, so the locked queue that
 * `kvm_vcpu_block` sleeps on is more than it needs; rcuwait wakes a blocked vCPU without it.
 * No exit becomes fewer or other: waking one is cheaper.
 */
import type { Patch } from "../patch.ts";

export const rcuwait = {
  name: "rcuwait",
  commits: ["da4ad88cab58"],
  title: "kvm: Replace vcpu->swait with rcuwait",
  source: "upstream 5.8, virt/kvm/kvm_main.c kvm_vcpu_block",
} as const satisfies Patch;
