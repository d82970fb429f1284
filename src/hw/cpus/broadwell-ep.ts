/**
 * Broadwell-EP (0x4f), Xeon E5 v4 of 2016: as Haswell-EP, with a TSX that works and hence TAA.
 */
import type { CpuModel } from "../cpu-model.ts";
import { BEHRENS } from "../figure.ts";
import { SKYLAKE_CYCLES } from "../hardware-cycles.ts";

export const broadwellEp = {
  name: "broadwell-ep",
  vendor: "intel",
  doc: "Xeon E5 v4 (2016, Broadwell-EP): meltdown, l1tf, mds and taa; retpolines suffice",
  family: 0x06,
  baseGhz: 2.4,
  turboGhz: 2.9,
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
  hasTscScaling: false,
  cycles: {
    ...SKYLAKE_CYCLES,
    worldSwitch: { value: 740, source: "assumed: a core one generation older than the one that was measured" },
    wrmsrSpecCtrl: { value: 253, source: "assumed: as a Haswell in a kvm list mail of 2018" },
    rdmsrSpecCtrl: { value: 100, source: "assumed: two fifths of a write, as on Skylake" },
    ibpb: { value: 5600, source: `assumed: ${BEHRENS}` },
    retpoline: { value: 28, source: `assumed: ${BEHRENS}` },
    verw: { value: 610, source: "assumed: as remembered from Behrens et al., EuroSys 2022, and not read again" },
    softwareScale: { value: 1.05, source: "assumed: about five percent fewer instructions a cycle than Skylake" },
  },
  source:
    "affected matrix, BHI and PBRSB: Linux 7.1 arch/x86/kernel/cpu/common.c; " +
    "base and turbo frequency (an E5-2680 v4), APICv, RTM, MWAIT, ARAT, PML and TSC scaling: assumed, general knowledge of the part",
} as const satisfies CpuModel;
