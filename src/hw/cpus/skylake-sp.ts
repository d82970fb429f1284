/**
 * Skylake-SP (0x55, stepping up to 5), Xeon Scalable of 2017: affected by everything of its
 * time. L1TF makes KVM flush the L1D cache before some entries, and retpolines stand in for an
 * IBRS that is slow here.
 */
import type { CpuModel } from "../cpu-model.ts";
import { SKYLAKE_CYCLES } from "../hardware-cycles.ts";

export const skylakeSp = {
  name: "skylake-sp",
  vendor: "intel",
  doc: "Xeon Scalable (2017, Skylake-SP): meltdown, l1tf, mds, taa and retbleed all apply",
  family: 0x06,
  baseGhz: 2.5,
  turboGhz: 3.1,
  affectedBy: [
    "meltdown",
    "spectre_v1",
    "spectre_v2",
    "spec_store_bypass",
    "l1tf",
    "mds",
    "tsx_async_abort",
    "itlb_multihit",
    "mmio_stale_data",
    "retbleed",
    "gather_data_sampling",
    "vmscape",
  ],
  hasRtm: true,
  hasEnhancedIbrs: false,
  hasAutomaticIbrs: false,
  hasStibp: true,
  prefersStibpAlwaysOn: false,
  bhi: "not_affected",
  hasPbrsb: false,
  itsNativeOnly: false,
  mdsNo: false,
  hasPreemptionTimer: true,
  preemptionTimerShift: 5,
  hasApicv: true,
  hasIpiVirtualization: false,
  hasAvic: false,
  hasX2avic: false,
  hasAvicIpiErratum: false,
  hasMwaitAndArat: true,
  hasPml: true,
  hasTscScaling: true,
  cycles: SKYLAKE_CYCLES,
  source:
    "affected matrix, BHI and PBRSB: Linux 7.1 arch/x86/kernel/cpu/common.c; preemption timer shift 5: assumed, typical of the line; " +
    "turbo: assumed, a Platinum 8175M's; base frequency: the 2.5 GHz Skylake of the fastpath series' cover letters (2020); APICv, RTM, MWAIT, ARAT, PML and TSC scaling: assumed, general knowledge of the part",
} as const satisfies CpuModel;
