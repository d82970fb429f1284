/**
 * EPYC 7001, Naples (Zen 1, family 17h) of 2017: AVIC without x2AVIC and with the erratum that
 * loses IPIs; retbleed and SRSO apply.
 */
import { EPYC_CYCLES } from "../amd-cycles.ts";
import type { CpuModel } from "../cpu-model.ts";

export const epycNaples = {
  name: "epyc-naples",
  vendor: "amd",
  doc: "EPYC 7001 (2017, Naples, Zen 1): AVIC by opt-in, with erratum 1235; retbleed and srso",
  baseGhz: 2.2,
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
  cycles: {
    ...EPYC_CYCLES,
    worldSwitch: { value: 1500, source: "assumed: a generation older than the EPYC of Dec 2020" },
    softwareScale: { value: 1.1, source: "assumed: AMD states 15 % more instructions a cycle for Zen 2" },
  },
  source:
    "affected matrix: arch/x86/kernel/cpu/common.c of 7.1; erratum 1235: svm/avic.c of 7.1 (family 17h); " +
    "base frequency (a 7601), AVIC, MWAIT and ARAT: assumed, general knowledge of the part",
} as const satisfies CpuModel;
