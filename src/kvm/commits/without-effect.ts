/**
 * Commits of KVM's timers and fastpaths that people name when they describe a kernel, and that
 * change nothing here: every kernel of the catalogue has them, they only prepare another one, or
 * they concern what is not emulated. A list of commits may name them; it is told so.
 */
export const COMMITS_WITHOUT_EFFECT = {
  d0659d946be0: "KVM: x86: the option to let an hrtimer fire early is older than 4.18, which every kernel here has",
  ce7a058a2117: "KVM: x86: the VMX preemption timer for TSC deadlines came in 4.7, so every kernel here has it",
  "64672c95ea4c": "KVM: vmx: the hooks of the preemption timer came in 4.7, so every kernel here has them",
  "8003c9ae204e": "KVM: LAPIC: the preemption timer for one-shot and periodic timers is older than 4.18, which every kernel here has",
  c5ce8235cffa: "KVM: VMX: the early preemption timer is in 4.18, which every kernel here has",
  ea60229af7fb: "KVM: x86: the handling after a fastpath's MSR write was only moved to one place (6.12)",
  f7f39c50edb9: "KVM: x86: a fastpath's way to user space is taken only when a debugger steps the guest (6.12)",
  "0910dd7c9ad4": "KVM: the fastpath series of August 2025: a guard of SVM for exits without a next RIP, which no guest here causes",
  aebcbb609773: "KVM: x86: the fastpath series of August 2025: when SRCU is taken, no decision",
  d618fb4e43a0: "KVM: x86: the fastpath series of August 2025: helpers moved, no decision",
  "forced-exit-rework":
    "KVM: VMX: a PREEMPTION_TIMER exit that KVM itself forced takes the fastpath (6.12): it forces them round nested guests only, which are not emulated",
  "pending-timer-unblock":
    "KVM: LAPIC: KVM_REQ_UNBLOCK in place of KVM_REQ_PENDING_TIMER, and no kick of oneself (5.15): either request leaves the inner loop, and a vCPU that kicks itself sends nothing",
  "posted-wake-without-kick":
    "KVM: VMX: a posted interrupt wakes a blocked vCPU and no longer kicks it (5.17): a kick of a vCPU outside of the guest is a wake-up",
} as const satisfies Record<string, string>;
