/**
 * EPYC 9004, Genoa (Zen 4, family 19h) of 2022: x2AVIC, so KVM turns AVIC on by itself from 6.18
 * on, and Automatic IBRS in place of retpolines from 6.3 on. SRSO and TSA apply.
 */
import { BEHRENS } from "../figure.ts";
import { EPYC_CYCLES } from "../amd-cycles.ts";
import type { CpuModel } from "../cpu-model.ts";

export const epycGenoa = {
  name: "epyc-genoa",
  vendor: "amd",
  doc: "EPYC 9004 (2022, Genoa, Zen 4): x2AVIC, on by default from 6.18; Automatic IBRS; srso and tsa",
  family: 0x19,
  baseGhz: 2.4,
  turboGhz: 3.5,
  affectedBy: ["spectre_v1", "spectre_v2", "spec_store_bypass", "spec_rstack_overflow", "tsa", "vmscape"],
  hasRtm: false,
  hasEnhancedIbrs: false,
  hasAutomaticIbrs: true,
  hasStibp: true,
  prefersStibpAlwaysOn: true,
  bhi: "not_affected",
  hasPbrsb: false,
  itsNativeOnly: false,
  mdsNo: false,
  hasPreemptionTimer: false,
  preemptionTimerShift: 0,
  hasApicv: false,
  hasIpiVirtualization: false,
  hasAvic: true,
  hasX2avic: true,
  hasAvicIpiErratum: false,
  hasMwaitAndArat: true,
  hasPml: false,
  hasTscScaling: true,
  cycles: {
    ...EPYC_CYCLES,
    worldSwitch: { value: 1050, source: "assumed: two generations newer than the EPYC of Dec 2020" },
    ibpb: { value: 800, source: `assumed: ${BEHRENS}, for its Zen 3` },
    softwareScale: { value: 0.75, source: "assumed: AMD states 13 % more instructions a cycle than Zen 3" },
  },
  source:
    "affected matrix, BHI and PBRSB: Linux 7.1 arch/x86/kernel/cpu/common.c; x2AVIC: Linux 6.18 svm/avic.c (Zen 4); " +
    "base and turbo frequency (a 9654), AVIC, MWAIT, ARAT and TSC scaling: assumed, general knowledge of the part",
} as const satisfies CpuModel;
