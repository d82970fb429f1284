/**
 * EPYC 7001, Naples (Zen 1, family 17h) of 2017: AVIC without x2AVIC and with the erratum that
 * loses IPIs; retbleed and SRSO apply.
 */
import { BEHRENS } from "../figure.ts";
import { EPYC_CYCLES } from "../amd-cycles.ts";
import type { CpuModel } from "../cpu-model.ts";

export const epycNaples = {
  name: "epyc-naples",
  vendor: "amd",
  doc: "EPYC 7001 (2017, Naples, Zen 1): AVIC by opt-in, with erratum 1235; retbleed and srso",
  family: 0x17,
  baseGhz: 2.2,
  turboGhz: 2.7,
  affectedBy: ["spectre_v1", "spectre_v2", "spec_store_bypass", "retbleed", "spec_rstack_overflow", "vmscape"],
  hasRtm: false,
  hasEnhancedIbrs: false,
  hasAutomaticIbrs: false,
  hasStibp: false,
  prefersStibpAlwaysOn: false,
  bhi: "not_affected",
  hasPbrsb: false,
  itsNativeOnly: false,
  mdsNo: false,
  hasPreemptionTimer: false,
  preemptionTimerShift: 0,
  hasApicv: false,
  hasIpiVirtualization: false,
  hasAvic: true,
  hasX2avic: false,
  hasAvicIpiErratum: true,
  hasMwaitAndArat: true,
  hasPml: false,
  hasTscScaling: true,
  cycles: {
    ...EPYC_CYCLES,
    worldSwitch: { value: 1500, source: "assumed: a generation older than the EPYC of Dec 2020" },
    ibpb: { value: 7400, source: `assumed: ${BEHRENS}, for its Zen` },
    softwareScale: { value: 1.1, source: "assumed: AMD states 15 % more instructions a cycle for Zen 2" },
  },
  source:
    "affected matrix, BHI and PBRSB: Linux 7.1 arch/x86/kernel/cpu/common.c; erratum 1235: its svm/avic.c (family 17h); " +
    "base and turbo frequency (a 7601), AVIC, MWAIT, ARAT and TSC scaling: assumed, general knowledge of the part",
} as const satisfies CpuModel;
