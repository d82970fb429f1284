/**
 * EPYC 7002, Rome (Zen 2, family 17h) of 2019: AVIC without x2AVIC and with the erratum that loses
 * IPIs; retbleed and SRSO apply.
 */
import { EPYC_CYCLES } from "../amd-cycles.ts";
import type { CpuModel } from "../cpu-model.ts";

export const epycRome = {
  name: "epyc-rome",
  vendor: "amd",
  doc: "EPYC 7002 (2019, Rome, Zen 2): AVIC by opt-in, with erratum 1235; retbleed and srso",
  family: 0x17,
  baseGhz: 2.25,
  turboGhz: 3.2,
  affectedBy: ["spectre_v1", "spectre_v2", "spec_store_bypass", "retbleed", "spec_rstack_overflow", "vmscape"],
  hasRtm: false,
  hasEnhancedIbrs: false,
  hasAutomaticIbrs: false,
  hasStibp: true,
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
  cycles: EPYC_CYCLES,
  source:
    "affected matrix, BHI and PBRSB: Linux 7.1 arch/x86/kernel/cpu/common.c; erratum 1235: its svm/avic.c (family 17h); " +
    "base and turbo frequency (a 7742), AVIC, MWAIT, ARAT and TSC scaling: assumed, general knowledge of the part",
} as const satisfies CpuModel;
