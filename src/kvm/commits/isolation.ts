/** Commits about isolated CPUs. */
import type { Commit } from "../commit.ts";

export const ISOLATION_COMMITS = {
  "context-tracking-at-entry": {
    title: "x86/kvm: Move context tracking where it belongs",
    since: "5.9",
    traits: { contextTracking: "each_entry" },
    source: "vmx.c vmx_vcpu_enter_exit: guest_enter_irqoff outside of the inner loop in 5.8, inside from 5.9 on",
  },
  "housekeeping-kernel-noise": {
    title: "sched/isolation: Make one housekeeping type of timers, ticks and the rest of the kernel's noise",
    since: "6.16",
    traits: { isolcpusNohzIsolatesTimer: true },
    source: "include/linux/sched/isolation.h HK_TYPE_KERNEL_NOISE: not in 6.12, in 6.16; release assumed",
  },
} as const satisfies Record<string, Commit>;
