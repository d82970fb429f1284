/**
 * Haswell-EP (0x3f), Xeon E5 v3 of 2014: the first with posted interrupts that KVM uses. Everything
 * of 2018 and 2019 applies but TAA, for an erratum had microcode take TSX away. Retbleed does not:
 * returns that underflow take no predicted targets before Skylake, so retpolines are enough.
 */
import type { CpuModel } from "../cpu-model.ts";
import { BEHRENS } from "../figure.ts";
import { SKYLAKE_CYCLES } from "../hardware-cycles.ts";

export const haswellEp = {
  name: "haswell-ep",
  vendor: "intel",
  doc: "Xeon E5 v3 (2014, Haswell-EP): meltdown, l1tf and mds; TSX is gone by microcode, retpolines suffice",
  family: 0x06,
  baseGhz: 2.5,
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
  hasRtm: false,
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
  hasPml: false,
  hasTscScaling: false,
  cycles: {
    ...SKYLAKE_CYCLES,
    worldSwitch: { value: 780, source: "assumed: a core one and a half generations older than the one that was measured" },
    wrmsrSpecCtrl: { value: 253, source: "assumed: one SPEC_CTRL write of a Haswell in a kvm list mail of 2018" },
    rdmsrSpecCtrl: { value: 100, source: "assumed: two fifths of a write, as on Skylake" },
    ibpb: { value: 4212, source: "one IBPB of a Haswell in a kvm list mail of 2018, assumed to be of this line" },
    retpoline: { value: 28, source: `assumed: ${BEHRENS}, for its Broadwell` },
    verw: { value: 610, source: "assumed: the Broadwell of Behrens et al., EuroSys 2022, as remembered and not read again" },
    softwareScale: { value: 1.1, source: "assumed: about ten percent fewer instructions a cycle than Skylake" },
  },
  source:
    "affected matrix, BHI and PBRSB: Linux 7.1 arch/x86/kernel/cpu/common.c; RTM absent: erratum HSD136, assumed to be in force on all of the line; " +
    "base and turbo frequency (an E5-2680 v3), APICv, MWAIT, ARAT, PML and TSC scaling: assumed, general knowledge of the part",
} as const satisfies CpuModel;
