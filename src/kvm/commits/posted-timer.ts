/**
 * Commits about who fires a guest's timer: hrtimers that follow no vCPU, interrupts posted by a
 * housekeeping CPU, and the choice between them and the VMX preemption timer.
 */
import type { Commit } from "../commit.ts";

export const POSTED_TIMER_COMMITS = {
  "lapic-timer-unpinned": {
    title: "KVM: LAPIC: Make lapic timer unpinned",
    since: "5.3",
    traits: { hrtimerPinned: false },
    source: "lapic.c start_sw_tscdeadline: HRTIMER_MODE_ABS_PINNED in 4.18.0-147, unpinned in 5.4",
  },
  "0c5f81dad46c": {
    title: "KVM: LAPIC: Inject timer interrupt via posted interrupt",
    since: "5.3",
    // A pinned timer would fire on the vCPU's own CPU and never be posted: one series brought both.
    traits: { postedTimer: "apicv", hrtimerPinned: false },
    source: "lapic.c kvm_can_post_timer_interrupt (posted_inj), module parameter pi_inject_timer; with lapic-timer-unpinned, of its series",
  },
  "1714a4eb6fb0": {
    title: "KVM: LAPIC: Enable timer posted-interrupt only when mwait/hlt is advertised",
    since: "5.18",
    traits: { postedTimer: "disabled_exits" },
    needs: ["0c5f81dad46c"],
    fixes: ["0c5f81dad46c"],
    source: "lapic.c kvm_can_post_timer_interrupt; not in 5.17-rc5, in 5.15.100 and 5.19",
  },
  "20211122095619.000060d2@gmail.com": {
    title: "KVM: LAPIC: Per vCPU control over kvm_can_post_timer_interrupt",
    since: "unmerged",
    traits: { postedTimer: "isolated_cpu" },
    needs: ["0c5f81dad46c"],
    fixes: ["0c5f81dad46c"],
    source: "kvm@vger, 22 Nov 2021 (v1)",
  },
} as const satisfies Record<string, Commit>;
