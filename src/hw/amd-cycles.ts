/**
 * What AMD's EPYC line spends on what only hardware does, as far as one figure goes: a loop of
 * KVM_RUN on an EPYC that its mail does not name. Everything else is assumed.
 */
import { BEHRENS } from "./figure.ts";
import type { HardwareCycles } from "./hardware-cycles.ts";
import { SKYLAKE_CYCLES } from "./hardware-cycles.ts";

const NONE = "by definition: AMD";

/** Zen 2 stands for the line; others state their differences. */
export const EPYC_CYCLES: HardwareCycles = {
  ...SKYLAKE_CYCLES,
  worldSwitch: {
    value: 1360,
    source:
      "assumed: VMRUN to #VMEXIT took 1360 ticks on an EPYC that a kvm list mail of Dec 2020 does not name; the guest's few instructions are in it",
  },
  ipiFlight: { value: 2000, source: "assumed: 0.9 us between two core complexes" },
  retpoline: { value: 20, source: "assumed: as a Skylake's" },
  rsbFill: { value: 68, source: `assumed: ${BEHRENS}, for its Zen 2` },
  rdmsrSpecCtrl: { value: 100, source: "assumed: an MSR read in microcode" },
  wrmsrSpecCtrl: { value: 200, source: "assumed: an MSR write without a barrier of its own" },
  ibpb: { value: 1100, source: `assumed: ${BEHRENS}, for its Zen 2` },
  clearBranchHistory: { value: 0, source: `${NONE} has no branch history injection` },
  untrainReturns: { value: 60, source: "assumed: a call, a mispredicted return and an LFENCE" },
  verw: { value: 300, source: "assumed: clearing a store queue and loads in flight; no published figure at hand" },
  l1dFlush: { value: 0, source: `${NONE} has no L1TF` },
  cr3Writes: { value: 0, source: `${NONE} has no meltdown, so no page-table isolation` },
  preemptionTimerLoad: { value: 0, source: `${NONE} has no preemption timer` },
  virtualTimerWrite: { value: 0, source: `${NONE} has no APIC-timer virtualization` },
  apicvSync: { value: 40, source: "assumed: AVIC keeps the APIC page itself, KVM only looks for interrupts" },
  vpmuSwitch: { value: 0, source: `${NONE}'s svm_vcpu_run switches no performance-counter MSR (6.12)` },
  avicIpiTarget: {
    value: 250,
    source: "assumed: a table entry's read and a locked write of a line that another core holds, and the doorbell",
  },
  softwareScale: { value: 1, source: "assumed: Zen 2 does about as many instructions a cycle as Skylake" },
};
