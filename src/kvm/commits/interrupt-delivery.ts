/** Commits about delivering an interrupt to a vCPU: posted interrupts, IPI virtualization, AVIC. */
import type { Commit } from "../commit.ts";

export const INTERRUPT_DELIVERY_COMMITS = {
  "379a3c8ee444": {
    title: "KVM: VMX: Optimize posted-interrupt delivery for timer fastpath",
    since: "5.8",
    traits: { selfNotification: "skipped" },
    source: "vmx.c vmx_deliver_posted_interrupt: no notification to the vCPU that runs here; in 5.8, 5.10 and 4.18.0-240",
  },
  "posted-notification-to-all": {
    title: "KVM: VMX: Notify every vCPU in guest mode of a posted interrupt, the running one included",
    since: "5.15",
    traits: { selfNotification: "sent" },
    source: "vmx.c kvm_vcpu_trigger_posted_interrupt in 5.15.100 and 5.17-rc5 lacks the test of 379a3c8ee444; title and release assumed",
  },
  "posted-notification-not-to-self": {
    title: "KVM: VMX: Skip the notification of the running vCPU again",
    since: "5.19",
    traits: { selfNotification: "skipped" },
    needs: ["posted-notification-to-all"],
    fixes: ["posted-notification-to-all"],
    source: "vmx.c kvm_vcpu_trigger_posted_interrupt: not in 5.17-rc5, in 5.19; title ours, release assumed",
  },
  "ipi-virtualization": {
    title: "KVM: VMX: enable IPI virtualization",
    since: "5.19",
    traits: { ipiVirtualization: "present" },
    source: "vmx.c enable_ipiv; in 5.19.0",
  },
  x2avic: {
    title: "KVM: SVM: Add support for x2APIC Virtualization (x2AVIC)",
    since: "6.1",
    traits: { x2avic: "present" },
    source: "avic.c x2avic_enabled: not in 5.19, in 6.1; 6.0 or 6.1",
  },
  ca2967de5a5b: {
    title: "KVM: SVM: Enable AVIC by default for Zen4+ if x2AVIC is support",
    since: "6.18",
    traits: { avicDefault: "with_x2avic" },
    needs: ["x2avic"],
    source: "avic.c avic_hardware_setup, module parameter avic=auto",
  },
  "avic-inhibit-big-id": {
    title: "KVM: SVM: Inhibit AVIC if a vCPU's ID is too big instead of rejecting its creation",
    since: "6.18",
    traits: { avicBigIds: "inhibits" },
    source:
      "avic.c avic_init_backing_page: -EINVAL in 6.12, APICV_INHIBIT_REASON_PHYSICAL_ID_TOO_BIG in 7.1; release between the two assumed",
  },
  "svm-ipi-parameter": {
    title: "KVM: SVM: Add enable_ipiv, off where erratum 1235 has AVIC lose IPIs",
    since: "6.18",
    traits: { avicIpis: "not_with_erratum" },
    source: "avic.c enable_ipiv: in 7.1, not in 6.16.1; release between the two assumed",
  },
} as const satisfies Record<string, Commit>;
