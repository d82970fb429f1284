/**
 * Commits about fastpaths: exits that KVM handles right after they happened, before host
 * interrupts are on. They began as hooks beside the exit handler (5.5), went into the run loop
 * with a way straight back into the guest (5.8), and lost most of their conditions in 6.18.
 * Hashes of the commits of 5.7 and 5.8 that go by a name here are from memory.
 */
import type { Commit } from "../commit.ts";

/** The ICR fastpath of 2019, which later commits widen or narrow. */
const ICR = "1e9e2622a149";
const GENERIC = "generic-fastpath-handler";
/** A re-entry passes vcpu_enter_guest by, so what waits for a timer fired early has to stand in vmx_vcpu_run. */
const LATE_WAIT = { timerAdvanceWaits: "vmx_vcpu_run" } as const;

export const FASTPATH_COMMITS = {
  "1e9e2622a149": {
    title: "KVM: VMX: FIXED+PHYSICAL mode single target IPI fastpath",
    since: "5.5",
    traits: { icr: "skip", icrAccepts: "physical_fixed" },
    source: "x86.c handle_fastpath_set_x2apic_icr_irqoff; in 5.6.4, not in 5.4",
  },
  "svm-icr-fastpath": {
    title: "KVM: SVM: FIXED+PHYSICAL mode single target IPI fastpath",
    since: "5.6",
    traits: { svmFastpaths: "present" },
    needs: [ICR],
    source: "svm.c svm_handle_exit_irqoff in 5.6.4; first release assumed",
  },
  "narrow-ipi-fastpath": {
    title: "KVM: X86: Narrow down the IPI fastpath to single target IPI",
    since: "5.7",
    traits: { icrAccepts: "physical_fixed_unicast" },
    needs: [ICR],
    also: ["e1be9ac8e601"],
    fixes: [ICR],
    source: "x86.c handle_fastpath_set_x2apic_icr_irqoff in 5.7.14: destination 0xffffffff is refused",
  },
  "generic-fastpath-handler": {
    title: "KVM: VMX: Introduce generic fastpath handler",
    since: "5.8",
    traits: { exitTracepoint: "right_after_exit" },
    also: ["dcf068da7eb2", "404d5d7bff0d", "5a9f54435a48"],
    source: "vmx.c vmx_exit_handlers_fastpath, called at the end of vmx_vcpu_run (timer fastpath series v5, first patches)",
  },
  "icr-in-generic-handler": {
    title: "KVM: VMX: Let the ICR fastpath skip the exit handler",
    since: "5.8",
    traits: { icr: "handled" },
    needs: [ICR, GENERIC],
    also: ["a9ab13ff6e84"],
    source: "vmx.c vmx_exit_handlers_fastpath: EXIT_FASTPATH_EXIT_HANDLED for the ICR (timer fastpath series v5); title ours",
  },
  "tscdeadline-fastpath": {
    title: "KVM: x86: TSCDEADLINE MSR emulation fastpath",
    since: "5.8",
    traits: { tscDeadline: "needs_hv_timer", ...LATE_WAIT },
    needs: [GENERIC],
    also: ["ae95f566b3d2", "199a8b84c41e"],
    source: "x86.c handle_fastpath_set_tscdeadline, lapic.c kvm_can_use_hv_timer (timer fastpath series v5)",
  },
  "preemption-timer-fastpath": {
    title: "KVM: VMX: Handle preemption timer fastpath",
    since: "5.8",
    traits: { preemptionTimer: "present", ...LATE_WAIT },
    needs: [GENERIC],
    also: ["26efe2fd92e5"],
    source: "vmx.c handle_fastpath_preemption_timer (timer fastpath series v5)",
  },
  "reenter-in-common-loop": {
    title: "KVM: x86: Move the re-entry of a fastpath from vmx_vcpu_run to vcpu_enter_guest",
    since: "5.15",
    traits: { reentryLoop: "vcpu_enter_guest", entryTracepoint: "each_entry" },
    needs: [GENERIC],
    source: "x86.c vcpu_enter_guest, vmx.c vmx_vcpu_run (trace_kvm_entry) in 5.15.100, not in 5.10; release assumed",
  },
  "8b703a49c9df": {
    title: "KVM: x86: Account fastpath-only VM-Exits in vCPU stats",
    since: "6.4",
    traits: { exitsStatCountsReentry: true },
    needs: [GENERIC],
    fixes: [GENERIC],
    source: "x86.c vcpu_enter_guest: ++vcpu->stat.exits at a re-entry",
  },
  "791a089861fc": {
    title: "KVM: SVM: Invoke trace_kvm_exit() for fastpath VM-Exits",
    since: "6.5",
    traits: { svmTracesFastpaths: true },
    needs: ["svm-icr-fastpath"],
    fixes: ["svm-icr-fastpath"],
    source: "svm.c svm_vcpu_run",
  },
  "0dd45f2cd8cc": {
    title: "KVM: x86: Re-enter guest if WRMSR(X2APIC_ICR) fastpath is successful",
    since: "6.12",
    traits: { icr: "reenter" },
    needs: ["icr-in-generic-handler", "reenter-in-common-loop"],
    source: "x86.c handle_fastpath_set_msr_irqoff",
  },
  "1876dd69dfe8": {
    title: "KVM: x86: Add fastpath handling of HLT VM-Exits",
    since: "6.12",
    traits: { hlt: "present" },
    needs: [GENERIC, "reenter-in-common-loop"],
    source: "x86.c handle_fastpath_hlt",
  },
  aeeb4c7fff52: {
    title: "KVM: x86: Fastpath handling of any ICR write that can be delivered fast",
    since: "6.18",
    traits: { icrAccepts: "any_fast" },
    needs: ["0dd45f2cd8cc"],
    also: ["15daa58e78ce", "777414340085"],
    source: "x86.c __handle_fastpath_wrmsr, lapic.c kvm_x2apic_icr_write_fast; wording of the title ours",
  },
  "0a94b2042419": {
    title: "KVM: x86: Drop the condition of the TSC_DEADLINE fastpath",
    since: "6.18",
    traits: { tscDeadline: "unconditional" },
    needs: ["tscdeadline-fastpath"],
    source: "x86.c __handle_fastpath_wrmsr; opens the fastpath to SVM; wording of the title ours",
  },
  "invd-fastpath": {
    title: "KVM: x86: Add a fastpath handler for INVD",
    since: "6.18",
    traits: { invd: "present" },
    needs: [GENERIC, "reenter-in-common-loop"],
    source: "x86.c handle_fastpath_invd, of the fastpath series of August 2025",
  },
} as const satisfies Record<string, Commit>;
