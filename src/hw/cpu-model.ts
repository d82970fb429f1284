/**
 * What a CPU model offers KVM: the facts that KVM's own set-up code reads from CPUID and from
 * the capability MSRs. One file of `cpus/` per model, with the cycles that its hardware takes.
 */

import type { HardwareCycles } from "./hardware-cycles.ts";

/** CPU bugs as `/sys/devices/system/cpu/vulnerabilities` names them. */
export type Vulnerability =
  | "meltdown"
  | "spectre_v1"
  | "spectre_v2"
  | "spec_store_bypass"
  | "l1tf"
  | "mds"
  | "tsx_async_abort"
  | "itlb_multihit"
  | "srbds"
  | "mmio_stale_data"
  | "retbleed"
  | "gather_data_sampling"
  | "spec_rstack_overflow"
  | "reg_file_data_sampling"
  | "indirect_target_selection"
  | "ghostwrite"
  | "old_microcode"
  | "tsa"
  | "vmscape";

export type Vendor = "intel" | "amd";

export interface CpuModel {
  /** Value of the `cpu` key and of the `cpu_model` label. */
  readonly name: string;
  readonly vendor: Vendor;
  readonly doc: string;
  /** CPU family as CPUID says it, extended family included. */
  readonly family: 0x06 | 0x17 | 0x19;
  /** Base frequency, which is also the TSC frequency. */
  readonly baseGhz: number;
  /** Frequency that all cores reach together, for `turbo: true`. */
  readonly turboGhz: number;
  /** Bugs of the silicon; `tsx_async_abort` counts only while RTM is present. */
  readonly affectedBy: readonly Vulnerability[];
  /** RTM is there unless `tsx: off` takes it away; false where microcode took it, or where there never was one. */
  readonly hasRtm: boolean;
  /** Enhanced IBRS: SPEC_CTRL.IBRS is set once and left on. */
  readonly hasEnhancedIbrs: boolean;
  /** Automatic IBRS: the same on AMD, by a bit of EFER instead of SPEC_CTRL. */
  readonly hasAutomaticIbrs: boolean;
  /** SPEC_CTRL with IBRS and STIBP; Zen 1 has neither. */
  readonly hasStibp: boolean;
  /** The vendor prefers STIBP to be always on (X86_FEATURE_AMD_STIBP_ALWAYS_ON). */
  readonly prefersStibpAlwaysOn: boolean;
  /** Branch history injection: not affected, cured by a clearing loop, or by BHI_DIS_S in SPEC_CTRL. */
  readonly bhi: "not_affected" | "loop" | "bhi_dis_s";
  /** X86_BUG_EIBRS_PBRSB: after an exit the first return may take a target from before it. */
  readonly hasPbrsb: boolean;
  /** X86_BUG_ITS_NATIVE_ONLY: of indirect target selection a guest gains nothing over the host. */
  readonly itsNativeOnly: boolean;
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
  /** Page-modification logging: the CPU logs the pages that a guest writes to. */
  readonly hasPml: boolean;
  /** The guest's TSC may tick at another rate than the host's. */
  readonly hasTscScaling: boolean;
  /** Cycles of what only the hardware does. */
  readonly cycles: HardwareCycles;
  /** Where the facts come from; the word `assumed` marks those that no source states. */
  readonly source: string;
}
