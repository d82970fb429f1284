/**
 * Cycles that a CPU model spends on what only hardware does: the world switch, MSR writes,
 * flushes, interrupts between CPUs. Host TSC cycles at base frequency.
 */
import { BEHRENS, EXIT_ANATOMY, type Figure } from "./figure.ts";

export interface HardwareCycles {
  /** VM exit plus VM entry with nothing in between. */
  readonly worldSwitch: Figure;
  /** RDMSR and WRMSR of SPEC_CTRL. */
  readonly rdmsrSpecCtrl: Figure;
  readonly wrmsrSpecCtrl: Figure;
  /** Filling the return stack buffer. */
  readonly rsbFill: Figure;
  /** One call and an LFENCE instead, which is enough against PBRSB. */
  readonly rsbOneCall: Figure;
  /** An indirect branch predictor barrier, by itself. */
  readonly ibpb: Figure;
  /** Cycles that each cycle of code takes more when it first runs after a barrier. */
  readonly predictorRefill: Figure;
  /** The same while legacy IBRS keeps kernel code from using what less privileged code trained. */
  readonly ibrsSlowdown: Figure;
  /** The same while kernel code counts its calls and returns (call depth tracking). */
  readonly callDepthSlowdown: Figure;
  /** The loop that fills the branch history with the kernel's own. */
  readonly clearBranchHistory: Figure;
  /** Making returns predict a safe target (UNTRAIN_RET, SRSO's counterpart). */
  readonly untrainReturns: Figure;
  /** VERW that clears buffers, and the legacy instruction on microcode that does not. */
  readonly verw: Figure;
  readonly verwLegacy: Figure;
  /** L1D flush by MSR_IA32_FLUSH_CMD, refill included. */
  readonly l1dFlush: Figure;
  /** Both CR3 writes of page-table isolation with the TLB refill after them. */
  readonly cr3Writes: Figure;
  /** Switching the performance-counter MSRs of an exposed vPMU. */
  readonly vpmuSwitch: Figure;
  readonly pkruSwitch: Figure;
  /** Writing the preemption-timer field of the VMCS. */
  readonly preemptionTimerLoad: Figure;
  /** Reading the posted-interrupt descriptor and updating RVI and the EOI-exit bitmap. */
  readonly apicvSync: Figure;
  /** APIC-timer virtualization: the guest's write of a deadline. An expiry takes an interrupt's delivery and no more (assumed). */
  readonly virtualTimerWrite: Figure;
  /** What a retpoline costs over a predicted indirect call. */
  readonly retpoline: Figure;
  /** From an interrupt's recognition in the guest to its handler's first instruction. */
  readonly interruptDelivery: Figure;
  /** From a physical IPI's ICR write to its arrival at the other core. */
  readonly ipiFlight: Figure;
  /** What AVIC takes for each target of an IPI that it sends: table entry, virtual IRR, doorbell. */
  readonly avicIpiTarget: Figure;
  /** Software paths of the reference core (Skylake-SP) take this many times as many cycles here. */
  readonly softwareScale: Figure;
}

/** Skylake-SP: the machine that was measured piece by piece; other models state their differences. */
export const SKYLAKE_CYCLES: HardwareCycles = {
  worldSwitch: { value: 676, source: `${EXIT_ANATOMY}: null VMCALL in a bare hypervisor` },
  rdmsrSpecCtrl: {
    value: 170,
    source: `derived: ${EXIT_ANATOMY}: a guest that uses SPEC_CTRL costs 1050 = one RDMSR + two WRMSR; the split is assumed`,
  },
  wrmsrSpecCtrl: { value: 440, source: `derived: ${EXIT_ANATOMY}: the other part` },
  rsbFill: { value: 130, source: `assumed: ${BEHRENS}, for its Skylake` },
  rsbOneCall: { value: 18, source: "assumed: a kvm list mail about PBRSB says 18 cycles an exit, of a CPU that it does not name" },
  ibpb: {
    value: 5500,
    source: `derived: ${EXIT_ANATOMY}: port I/O and MMIO with and without IBRS and the IBPB before QEMU; the split into the barrier and the refill after it is fitted to both`,
  },
  predictorRefill: {
    value: 1,
    source: `derived: ${EXIT_ANATOMY}: the same two figures; MMIO, with more code, loses more than port I/O`,
  },
  ibrsSlowdown: {
    value: 0.62,
    source: `derived: ${EXIT_ANATOMY}: IBRS and RSB filling cost 504 though they save a WRMSR of 440 (guest and host then run with the same value): 814 of the 1308 cycles of kernel code`,
  },
  callDepthSlowdown: {
    value: 0.08,
    source:
      "assumed: a call and its return in 50 cycles of kernel code, four cycles for a shift at both ends, refills included; no published figure at hand (Kconfig CALL_DEPTH_TRACKING: a significant gain over IBRS)",
  },
  clearBranchHistory: { value: 120, source: "assumed: five times five calls and jumps of clear_bhb_loop, about five cycles each" },
  untrainReturns: { value: 0, source: "by definition: Intel has no such return thunks" },
  verw: { value: 520, source: `derived: ${EXIT_ANATOMY}: VERW and the rest of the host's mitigations; that VERW is all of it is assumed` },
  verwLegacy: { value: 30, source: "assumed: a segment check in microcode; no published figure at hand" },
  l1dFlush: { value: 2076, source: `derived: ${EXIT_ANATOMY}: conditional L1D flush after an exit to user space` },
  cr3Writes: { value: 440, source: `derived: ${EXIT_ANATOMY}: host CR3 write 230, surcharge of the next entry 210` },
  vpmuSwitch: { value: 318, source: `derived: ${EXIT_ANATOMY}: VMCALL with less without an exposed vPMU` },
  pkruSwitch: { value: 6, source: `derived: ${EXIT_ANATOMY}: VMCALL with less without exposed protection keys` },
  preemptionTimerLoad: { value: 48, source: `derived: ${EXIT_ANATOMY}: VMCALL with preemption_timer=Y less with N` },
  apicvSync: { value: 72, source: `derived: ${EXIT_ANATOMY}: VMCALL with enable_apicv=Y less with N` },
  virtualTimerWrite: { value: 100, source: "assumed: an MSR write in microcode, into a field of the VMCS" },
  retpoline: { value: 20, source: `assumed: ${BEHRENS}, for its Skylake` },
  interruptDelivery: {
    value: 300,
    source:
      "derived: tscdeadline_latency without advance 2600 (3b8a5df6c4dc) and tscdeadline (timer fastpath letters) less the exit: virtual interrupt, gate of the IDT, the handler's registers",
  },
  ipiFlight: { value: 1500, source: "assumed: 0.6 us between two cores of a socket" },
  avicIpiTarget: { value: 0, source: "by definition: Intel has no AVIC" },
  softwareScale: { value: 1, source: "by definition: the reference core" },
};

/** SPEC_CTRL where IBRS is a mode of the core and not a patch of its microcode. */
export const EIBRS_SPEC_CTRL = {
  rdmsrSpecCtrl: { value: 70, source: "assumed: as a share of the write, on Skylake" },
  wrmsrSpecCtrl: { value: 180, source: "assumed: an MSR write in microcode that flushes nothing" },
} as const satisfies Partial<HardwareCycles>;
