/** Commits about firing a timer early, so that the VM entry is paid before its deadline. */
import type { Commit } from "../commit.ts";

export const TIMER_ADVANCE_COMMITS = {
  "3b8a5df6c4dc": {
    title: "KVM: LAPIC: Tune lapic_timer_advance_ns automatically",
    since: "5.1",
    traits: { timerAdvance: "stepwise" },
    source: "lapic.c __wait_lapic_expire in 4.18.0-147; first release assumed",
  },
  "timer-advance-follows-delay": {
    title: "KVM: LAPIC: Extend lapic_timer_advance_ns to the preemption timer, follow the delay without end",
    since: "5.4",
    traits: { timerAdvance: "adaptive" },
    needs: ["3b8a5df6c4dc"],
    source: "lapic.c adjust_lapic_timer_advance in 5.4.59; first release assumed",
  },
  "timer-advance-late-wait": {
    title: "KVM: LAPIC: Optimize timer latency further",
    since: "5.3",
    traits: { timerAdvanceWaits: "vmx_vcpu_run" },
    source: "vmx.c vmx_vcpu_run calls kvm_wait_lapic_expire in 5.4.59, x86.c vcpu_enter_guest does in 4.18.0-147; first release assumed",
  },
  "timer-advance-bool": {
    title: "KVM: x86: Make the LAPIC timer's advance a switch",
    since: "6.12",
    traits: { timerAdvanceParameter: "lapic_timer_advance" },
    needs: ["timer-advance-follows-delay"],
    source: "lapic.c lapic_timer_advance: a number of ns in 6.6, a bool (0444) in 6.12; first release between the two assumed",
  },
} as const satisfies Record<string, Commit>;
