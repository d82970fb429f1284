/**
 * The parameters of kvm, kvm_intel and kvm_amd with their automatic values resolved, as the modules do
 * when they are loaded.
 *
 * Linux: arch/x86/kvm/x86.c kvm_arch_init (pi_inject_timer), arch/x86/kvm/vmx/vmx.c
 * hardware_setup (preemption_timer, enable_apicv, enable_ipiv), arch/x86/kvm/svm/avic.c
 * avic_hardware_setup (avic, enable_ipiv), virt/kvm/kvm_main.c (halt_poll_ns*),
 * arch/x86/kvm/lapic.c (lapic_timer_advance_ns; from 6.12 on lapic_timer_advance).
 */
import type { CpuModel } from "../hw/cpu-model.ts";
import type { HostSpec } from "./host-spec.ts";
import type { Isolation } from "./isolation.ts";
import type { KernelTraits } from "./kernel.ts";
import type { Kernel } from "./kernel-from-commits.ts";
import type { Decided, HaltPollSettings, TimerAdvanceSettings } from "./resolved.ts";

/** LAPIC_TIMER_ADVANCE_NS_INIT. */
const FIRST_ADVANCE_NS = 1000;

/**
 * kvm.pi_inject_timer: housekeeping CPUs may post timer interrupts. Automatic: on when the
 * command line isolates timers, or by the vendor's rule in the enterprise cloud.
 */
export function piInjectTimer(spec: HostSpec, kernel: Kernel, traits: KernelTraits, isolation: Isolation): Decided<boolean> {
  const asked = spec.kvm.pi_inject_timer;
  if (traits.postedTimer === "absent") return { value: false, why: "the kernel has no such parameter (0c5f81dad46c, 5.3)" };
  if (asked !== "auto") return { value: asked === "on", why: "set on the module" };
  if (isolation.timersBy !== "") return { value: true, why: `${isolation.timersBy} sets HK_FLAG_TIMER` };
  if (kernel.postsTimersInEnterpriseCloud && spec.scenario === "enterprise-cloud") {
    return { value: true, why: `${kernel.name} turns it on in the enterprise cloud` };
  }
  return { value: false, why: "no nohz_full=, so housekeeping_enabled(HK_FLAG_TIMER) is false" };
}

/** kvm_intel.preemption_timer. */
export function preemptionTimer(spec: HostSpec, cpu: CpuModel): Decided<boolean> {
  if (!cpu.hasPreemptionTimer) return { value: false, why: "the CPU has no VMX preemption timer that KVM would use" };
  if (spec.kvm.preemption_timer === "off") return { value: false, why: "kvm_intel.preemption_timer=N" };
  return { value: true, why: "default Y, and the CPU has it without an erratum" };
}

/** kvm_intel.enable_apicv, or kvm_amd.avic: the virtual APIC of the CPU's vendor. */
export function apicv(spec: HostSpec, cpu: CpuModel, traits: KernelTraits): Decided<boolean> {
  if (cpu.vendor === "amd") return avic(spec, cpu, traits);
  if (!cpu.hasApicv) return { value: false, why: "the CPU lacks APIC-register virtualization or posted interrupts" };
  if (spec.kvm.enable_apicv === "off") return { value: false, why: "kvm_intel.enable_apicv=N" };
  return { value: true, why: "default Y, and the CPU has APIC-register virtualization and posted interrupts" };
}

/** kvm_amd.avic: off by default, from 6.18 on where the CPU has x2AVIC. */
function avic(spec: HostSpec, cpu: CpuModel, traits: KernelTraits): Decided<boolean> {
  if (!cpu.hasAvic) return { value: false, why: "the CPU has no AVIC" };
  if (spec.kvm.avic !== "auto") return { value: spec.kvm.avic === "on", why: `kvm_amd.avic=${spec.kvm.avic === "on" ? "1" : "0"}` };
  if (traits.avicDefault === "off") return { value: false, why: "kvm_amd.avic=0 is the default (until ca2967de5a5b, 6.18)" };
  return cpu.hasX2avic
    ? { value: true, why: "kvm_amd.avic=auto, and the CPU has x2AVIC" }
    : { value: false, why: "kvm_amd.avic=auto is off on a CPU without x2AVIC" };
}

/** x2AVIC: AVIC takes guests in x2APIC mode without intercepting their APIC's MSRs. */
export function x2avic(spec: HostSpec, cpu: CpuModel, traits: KernelTraits): Decided<boolean> {
  const base = apicv(spec, cpu, traits);
  if (cpu.vendor !== "amd") return { value: false, why: "x2AVIC is AMD's" };
  if (!base.value) return { value: false, why: `it needs avic: ${base.why}` };
  if (!cpu.hasX2avic) return { value: false, why: "the CPU has no x2AVIC" };
  if (traits.x2avic === "absent") return { value: false, why: "the kernel has no x2AVIC (6.1)" };
  return { value: true, why: "the CPU has x2AVIC, and AVIC is on" };
}

/** kvm_intel.enable_ipiv, or what AVIC does with IPIs: they reach running vCPUs without an exit. */
export function ipiVirtualization(spec: HostSpec, cpu: CpuModel, traits: KernelTraits): Decided<boolean> {
  if (cpu.vendor === "amd") return avicIpis(spec, cpu, traits);
  if (!cpu.hasIpiVirtualization) return { value: false, why: "the CPU has no IPI virtualization" };
  if (traits.ipiVirtualization === "absent") return { value: false, why: "the kernel has no enable_ipiv (5.19)" };
  if (!apicv(spec, cpu, traits).value) return { value: false, why: "it needs enable_apicv" };
  if (spec.kvm.enable_ipiv === "off") return { value: false, why: "kvm_intel.enable_ipiv=N" };
  return { value: true, why: "default Y, and the CPU has IPI virtualization" };
}

function avicIpis(spec: HostSpec, cpu: CpuModel, traits: KernelTraits): Decided<boolean> {
  const base = apicv(spec, cpu, traits);
  if (!base.value) return { value: false, why: `it needs avic: ${base.why}` };
  if (traits.avicIpis === "always") return { value: true, why: "AVIC sends IPIs; the kernel has no kvm_amd.enable_ipiv" };
  if (cpu.hasAvicIpiErratum) return { value: false, why: "kvm_amd.enable_ipiv is forced off by erratum 1235" };
  if (spec.kvm.enable_ipiv === "off") return { value: false, why: "kvm_amd.enable_ipiv=N" };
  return { value: true, why: "AVIC sends IPIs, and kvm_amd.enable_ipiv=Y is the default" };
}

/** Hardware APIC-timer virtualization: what if CPU and kernel had it. */
export function apicTimerVirt(spec: HostSpec, cpu: CpuModel, traits: KernelTraits): Decided<boolean> {
  if (!spec.kvm.apic_timer_virt) return { value: false, why: "apic_timer_virt is off: no kernel has it yet" };
  if (cpu.vendor === "amd") return { value: false, why: "APIC-timer virtualization is Intel's" };
  if (!apicv(spec, cpu, traits).value) return { value: false, why: "it needs enable_apicv" };
  return { value: true, why: "asked for, as if the CPU and the kernel had it" };
}

/** kvm.halt_poll_ns and its companions; `off` is halt_poll_ns=0. */
export function haltPoll(spec: HostSpec, traits: KernelTraits): HaltPollSettings {
  const off = spec.kvm.halt_poll === "off" || spec.kvm.halt_poll_ns === 0;
  const growStartNs = 10_000;
  return {
    mode: off ? "off" : spec.kvm.halt_poll,
    maxNs: off ? 0 : spec.kvm.halt_poll_ns,
    grow: 2,
    growStartNs,
    shrink: traits.haltPollShrink,
    shrinkFloorNs: traits.haltPollShrinkFloor ? growStartNs : 0,
  };
}

/** kvm.lapic_timer_advance_ns, or lapic_timer_advance: how much early a timer fires, to wait for its deadline before entry. */
export function timerAdvance(spec: HostSpec, traits: KernelTraits): Decided<TimerAdvanceSettings> {
  const asked = spec.kvm.lapic_timer_advance;
  const { timerAdvanceParameter: parameter } = traits;
  const isSwitch = parameter === "lapic_timer_advance";
  const automatic = `${parameter}=${isSwitch ? "Y" : "-1"}`;
  if (asked === "off" || asked === 0) return { value: { mode: "off", ns: 0 }, why: `${parameter}=${isSwitch ? "N" : "0"}` };
  if (typeof asked === "number") {
    const why = isSwitch ? `as if lapic_timer_advance_ns=${asked} were still there: from 6.12 on it is a switch` : `${parameter}=${asked}`;
    return { value: { mode: "fixed", ns: asked }, why };
  }
  if (asked === "adaptive") return { value: { mode: "adaptive", ns: FIRST_ADVANCE_NS }, why: "adaptive as from 5.4 on, by configuration" };
  switch (traits.timerAdvance) {
    case "absent":
      return { value: { mode: "off", ns: 0 }, why: "the kernel does not tune an advance by itself" };
    case "stepwise":
      return { value: { mode: "stepwise", ns: FIRST_ADVANCE_NS }, why: `${automatic}: steps of at most an eighth (4.18)` };
    case "adaptive":
      return { value: { mode: "adaptive", ns: FIRST_ADVANCE_NS }, why: `${automatic}: follows the observed delay (5.4 on)` };
  }
}

/** kvm_intel.pml: the CPU logs what a guest writes to, while its VM is migrated. */
export function pml(spec: HostSpec, cpu: CpuModel): Decided<boolean> {
  if (cpu.vendor === "amd") return { value: false, why: "SVM has no page-modification log: pages are write-protected" };
  if (!cpu.hasPml) return { value: false, why: "the CPU has no page-modification log: pages are write-protected" };
  if (spec.kvm.pml === "off") return { value: false, why: "kvm_intel.pml=N: pages are write-protected" };
  return { value: true, why: "default Y, and the CPU has it" };
}
