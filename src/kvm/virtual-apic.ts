/**
 * What a guest's accesses to its own APIC do: which of them the CPU's virtual APIC takes, and how
 * KVM sees the others.
 *
 *   virtual APIC      EOI        ICR                               self-IPI 0x83f   other registers
 *   none (xAPIC)      page       page                              -                page
 *   none (x2APIC)     MSR        MSR                               MSR              MSR
 *   APICv (xAPIC)     virtual    trap, IPIv takes unicasts         -                trap
 *   APICv (x2APIC)    virtual    MSR, IPIv takes unicasts          virtual          MSR
 *   AVIC (xAPIC)      virtual    virtual, if all targets run       -                trap
 *   x2AVIC (x2APIC)   virtual    virtual, if all targets run       MSR              trap
 *   hybrid AVIC       MSR        MSR                               MSR              MSR
 *
 * Hybrid is AVIC without x2AVIC under an x2APIC guest: interrupts reach it by doorbell, and each
 * of its APIC's MSRs exits. Linux vmx/vmx.c vmx_update_msr_bitmap_x2apic; svm/avic.c
 * avic_activate_vmcb, is_avic_unaccelerated_access_trap; svm/svm.c direct_access_msrs, which has
 * no SELF_IPI (6.12).
 */
import { KIND } from "./exit-kinds.ts";
import type { Decided, ResolvedGuest, ResolvedHost } from "./resolved.ts";

/** Which IPIs leave the guest without an exit. */
export const VIRTUAL_IPIS = {
  none: 0,
  /** VMX IPI virtualization: to one vCPU by its physical ID. */
  unicast: 1,
  /** AVIC: to any vCPUs, if all of them run. */
  toRunning: 2,
  /** AVIC that takes no vCPU for running (kvm_amd.enable_ipiv=N): it writes the IPI and never completes it. */
  neverComplete: 3,
} as const;
export type VirtualIpis = keyof typeof VIRTUAL_IPIS;

type Host = Pick<ResolvedHost, "cpu" | "x2avic" | "ipiVirtualization">;
type Guest = Pick<ResolvedGuest, "spec" | "apicvActive">;

/** The APIC's registers are the virtual ones: an EOI does not exit. */
export function virtualRegisters({ cpu, x2avic }: Host, { spec, apicvActive }: Guest): Decided<boolean> {
  if (!apicvActive.value) return { value: false, why: `apicv_active is false: ${apicvActive.why}` };
  if (cpu.vendor === "intel") return { value: true, why: "APIC-register virtualization and virtual-interrupt delivery" };
  if (spec.apic === "xapic") return { value: true, why: "AVIC takes accesses to the APIC page" };
  return x2avic.value
    ? { value: true, why: "x2AVIC takes the APIC's MSRs, LVTT and SELF_IPI excepted" }
    : { value: false, why: `hybrid AVIC: the APIC's MSRs exit, interrupts come by doorbell; no x2AVIC: ${x2avic.why}` };
}

export function virtualIpis(host: Host, guest: Guest): Decided<VirtualIpis> {
  const { cpu, ipiVirtualization: ipiv } = host;
  const registers = virtualRegisters(host, guest);
  if (!registers.value) return { value: "none", why: registers.why };
  if (cpu.vendor === "intel") return { value: ipiv.value ? "unicast" : "none", why: ipiv.why };
  return { value: ipiv.value ? "toRunning" : "neverComplete", why: ipiv.why };
}

/** The self-IPI register, and the self shorthand on an APIC page. AVIC handles the latter as any IPI. */
export const virtualSelfIpi = ({ cpu }: Host, { apicvActive }: Guest): boolean => cpu.vendor === "intel" && apicvActive.value;

/** The exit of a write to another APIC register, such as the timer's initial count. */
export function registerWriteKind(host: Host, guest: Guest): number {
  const { vendor } = host.cpu;
  const virtual = virtualRegisters(host, guest).value;
  if (guest.spec.apic === "xapic") return virtual ? KIND.apicWrite : KIND.apicAccess;
  return virtual && vendor === "amd" ? KIND.apicWrite : KIND.otherMsr;
}
