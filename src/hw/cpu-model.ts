/**
 * What a CPU model offers KVM: the facts that KVM's own set-up code reads from CPUID and from
 * the capability MSRs. One file of `cpus/` per model, with the cycles that its hardware takes.
 */

import type { HardwareCycles } from "./hardware-cycles.ts";

/** CPU bugs as `/sys/devices/system/cpu/vulnerabilities` names them. */
export type Vulnerability = "meltdown" | "l1tf" | "mds" | "tsx_async_abort" | "mmio_stale_data" | "retbleed" | "spectre_v2";

export type Vendor = "intel" | "amd";

export interface CpuModel {
  /** Value of the `cpu` key and of the `cpu_model` label. */
  readonly name: string;
  readonly vendor: Vendor;
  readonly doc: string;
  /** Base frequency, which is also the TSC frequency. */
  readonly baseGhz: number;
  /** Bugs of the silicon; `tsx_async_abort` counts only while RTM is present. */
  readonly affectedBy: readonly Vulnerability[];
  /** RTM present by default (before `tsx: off`). */
  readonly hasRtm: boolean;
  /** Enhanced IBRS: SPEC_CTRL.IBRS is set once and left on. */
  readonly hasEnhancedIbrs: boolean;
  /** MDS_NO in ARCH_CAPABILITIES: VERW clears nothing without the TAA microcode (TSX_CTRL). */
  readonly mdsNo: boolean;
  /** VMX preemption timer without an erratum that disables it. */
  readonly hasPreemptionTimer: boolean;
  /** TSC cycles per preemption-timer tick, as a power of two (IA32_VMX_MISC[4:0]). */
  readonly preemptionTimerShift: number;
  /** APIC-register virtualization, virtual-interrupt delivery and posted interrupts. */
  readonly hasApicv: boolean;
  /** IPI virtualization. */
  readonly hasIpiVirtualization: boolean;
  /** AVIC, AMD's virtual APIC; `kvm_amd.avic` says whether it is used. */
  readonly hasAvic: boolean;
  /** x2AVIC: AVIC in x2APIC mode, too. KVM's own default turns AVIC on only where this is (6.18). */
  readonly hasX2avic: boolean;
  /** Erratum 1235: AVIC may lose an IPI to a vCPU that just stopped running (families 17h and 18h). */
  readonly hasAvicIpiErratum: boolean;
  /** MWAIT with an always-running APIC timer, so cpu-pm may hand MWAIT to the guest. */
  readonly hasMwaitAndArat: boolean;
  /** Cycles of what only the hardware does. */
  readonly cycles: HardwareCycles;
  /** Where the facts come from; the word `assumed` marks those that no source states. */
  readonly source: string;
}
