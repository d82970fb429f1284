/** Label values that queries name, under the daemon's own words; a test compares them with what it exposes. */

/** Fastpaths of the headline hit rate: a HLT that must sleep cannot hit, and no workload executes INVD. */
export const HEADLINE_FASTPATHS = ["preemption_timer", "tsc_deadline", "icr"] as const;

/** Uses of a physical CPU that are VM exits. */
export const EXIT_USES = ["exit_work", "exit_mitigation"] as const;

/** Uses of a physical CPU other than none. */
export const BUSY = { pattern: ".+", not: "idle" } as const;

/** Components of an exit that mitigations cause. */
export const MITIGATION_COMPONENTS = [
  "indirect_branches",
  "spec_ctrl",
  "rsb",
  "branch_history",
  "return_thunks",
  "ibpb",
  "verw",
  "l1d_flush",
  "pti",
] as const;

/** `kvm_mitigation_state` */
export const STATE = { notAffected: 0, vulnerable: 1, mitigated: 2 } as const;
