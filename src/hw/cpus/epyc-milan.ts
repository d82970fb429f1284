/**
 * EPYC 7003, Milan (Zen 3, family 19h) of 2021: AVIC without x2AVIC. Retbleed is fixed (BTC_NO),
 * SRSO and TSA are not.
 */
import { BEHRENS } from "../figure.ts";
import { EPYC_CYCLES } from "../amd-cycles.ts";
import type { CpuModel } from "../cpu-model.ts";

export const epycMilan = {
  name: "epyc-milan",
  vendor: "amd",
  doc: "EPYC 7003 (2021, Milan, Zen 3): AVIC by opt-in; srso and tsa",
  family: 0x19,
  baseGhz: 2.45,
  turboGhz: 3.2,
  affectedBy: ["spectre_v1", "spectre_v2", "spec_store_bypass", "spec_rstack_overflow", "tsa", "vmscape"],
  hasRtm: false,
  hasEnhancedIbrs: false,
  hasAutomaticIbrs: false,
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
  hasX2avic: false,
  hasAvicIpiErratum: false,
  hasMwaitAndArat: true,
  hasPml: false,
  hasTscScaling: true,
  cycles: {
    ...EPYC_CYCLES,
    worldSwitch: { value: 1150, source: "assumed: a generation newer than the EPYC of Dec 2020" },
    ibpb: { value: 800, source: `assumed: ${BEHRENS}, for its Zen 3` },
    softwareScale: { value: 0.85, source: "assumed: AMD states 19 % more instructions a cycle than Zen 2" },
  },
  source:
    "affected matrix, BHI and PBRSB: Linux 7.1 arch/x86/kernel/cpu/common.c; " +
    "base and turbo frequency (a 7763), AVIC, MWAIT, ARAT and TSC scaling: assumed, general knowledge of the part",
} as const satisfies CpuModel;
