/** Commits about the host's scheduler, and about vCPUs that it preempts. */
import type { Commit } from "../commit.ts";

export const SCHEDULER_COMMITS = {
  "6cd88243c7e0": {
    title: "KVM: x86: do not report a vCPU as preempted outside instruction boundaries",
    since: "5.19",
    traits: { countsPreemption: true },
    source: "x86.c kvm_steal_time_set_preempted: preemption_reported and preemption_other in 6.1.192; first release from memory",
  },
  "147f3efaa241": {
    title: "sched/fair: Implement an EEVDF-like scheduling policy",
    since: "6.6",
    traits: { scheduler: "eevdf" },
    source: "kernel/sched/fair.c: check_preempt_tick in 6.1.192, pick_eevdf in 6.12.117; hash and release from memory",
  },
} as const satisfies Record<string, Commit>;
