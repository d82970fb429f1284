/**
 * Aili Yao's unmerged first version, the patch that the vendor tests with: a timer is posted
 * only for a vCPU that is not on a housekeeping CPU, by
 * `!housekeeping_cpu(vcpu->cpu, HK_FLAG_TIMER)` on top of the old test. Review found it unsafe
 * (`vcpu->cpu` is -1 while scheduled out) and that it breaks an administrator's
 * `pi_inject_timer=1` without `nohz_full=`, where every CPU is a housekeeping CPU. We keep the
 * second effect; the first cannot happen with pinned vCPUs.
 */
import type { Patch } from "../patch.ts";

export const timerPiPerVcpu = {
  name: "timer-pi-per-vcpu",
  commits: ["20211122095619.000060d2@gmail.com"],
  title: "KVM: LAPIC: Per vCPU control over kvm_can_post_timer_interrupt",
  source: "kvm@vger, 22 Nov 2021 (v1, not merged)",
} as const satisfies Patch;
