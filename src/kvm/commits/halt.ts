/** Commits about a vCPU that halts or spins: polling, blocking, waking. */
import type { Commit } from "../commit.ts";

export const HALT_COMMITS = {
  "2d5ba19bdfef": {
    title: "kvm: x86: add host poll control msrs",
    since: "5.3",
    traits: { pollControl: "present" },
    source: "cpuid.c KVM_FEATURE_POLL_CONTROL, x86.c MSR_KVM_POLL_CONTROL; Marcelo Tosatti, June 2019; hash and release from memory",
  },
  da4ad88cab58: {
    title: "kvm: Replace vcpu->swait with rcuwait",
    since: "5.8",
    traits: { waiter: "rcuwait" },
    source: "kvm_main.c kvm_vcpu_block: swait in 5.7 and in 4.18.0-240, rcuwait in 5.8",
  },
  "svm-pause-in-guest": {
    title: "KVM: SVM: Fix disable pause loop exit/pause filtering capability on SVM",
    since: "5.9",
    traits: { svmPauseInGuest: "honoured" },
    source: "svm.c init_vmcb asks kvm_pause_in_guest (6.12); Wanpeng Li, kvm@vger, August 2020; first release assumed",
  },
  "halt-poll-shrink-floor": {
    title: "KVM: do not shrink halt_poll_ns below grow_start",
    since: "5.15",
    traits: { haltPollShrinkFloor: true },
    source: "kvm_main.c shrink_halt_poll_ns; first release assumed",
  },
  "halt-switches-timer-in-common-code": {
    title: "KVM: x86: Move the switch between preemption timer and hrtimer to vcpu_block",
    since: "5.17",
    traits: { hvTimerAfterBlock: "if_it_was_in_use" },
    source: "x86.c vcpu_block; vmx_pre_block and vmx_post_block up to 5.16",
  },
  aeb1b22a3ac8: {
    title: "KVM: Enable halt polling shrink parameter by default",
    since: "6.11",
    traits: { haltPollShrink: 2 },
    source: "kvm_main.c halt_poll_ns_shrink",
  },
  "l1d-flush-flag-at-vcpu-load": {
    title: "KVM: x86: Ask for an L1D flush at each vcpu_load",
    since: "6.11",
    traits: {},
    source: "x86.c kvm_arch_vcpu_load; up to 6.10 kvm_arch_sched_in and the start of vcpu_run, which come to the same here",
  },
} as const satisfies Record<string, Commit>;
