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
  baseGhz: 2.25,
  affectedBy: ["retbleed", "spectre_v2"],
  hasRtm: false,
  hasEnhancedIbrs: false,
  mdsNo: false,
  hasPreemptionTimer: false,
  preemptionTimerShift: 0,
  hasApicv: false,
  hasIpiVirtualization: false,
  hasAvic: true,
  hasX2avic: false,
  hasAvicIpiErratum: true,
  hasMwaitAndArat: true,
  cycles: EPYC_CYCLES,
  source:
    "affected matrix: arch/x86/kernel/cpu/common.c of 7.1; erratum 1235: svm/avic.c of 7.1 (family 17h); " +
    "base frequency (a 7742), AVIC, MWAIT and ARAT: assumed, general knowledge of the part",
} as const satisfies CpuModel;
