/**
 * The merged fix of the DPDK regression: a timer is posted by a housekeeping CPU only into VMs
 * whose MWAIT or HLT does not exit. Every other VM keeps the VMX preemption timer and its
 * fastpaths, whatever `nohz_full=` says. The control is per VM, although the thread that led to
 * it asked for one per vCPU.
 */
import type { Patch } from "../patch.ts";

export const timerPiPerVm = {
  name: "timer-pi-per-vm",
  commits: ["1714a4eb6fb0"],
  title: "KVM: LAPIC: Enable timer posted-interrupt only when mwait/hlt is advertised",
  source: "upstream 5.18, arch/x86/kvm/lapic.c kvm_can_post_timer_interrupt",
} as const satisfies Patch;
