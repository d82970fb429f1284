/**
 * Ice Lake-SP, Xeon Scalable of 2021: TAA is fixed in silicon, as are MDS, L1TF and meltdown.
 * MMIO stale data is left, which costs entries only of VMs with an assigned device, and only on
 * kernels that know it.
 */
import type { CpuModel } from "../cpu-model.ts";
import { BEHRENS } from "../figure.ts";
import { EIBRS_SPEC_CTRL, SKYLAKE_CYCLES } from "../hardware-cycles.ts";

export const icelakeSp = {
  name: "icelake-sp",
  vendor: "intel",
  doc: "Xeon Scalable, 3rd generation (2021, Ice Lake-SP): taa is fixed in silicon; mmio_stale_data is left",
  family: 0x06,
  baseGhz: 2.9,
  turboGhz: 3.5,
  affectedBy: ["spectre_v1", "spectre_v2", "spec_store_bypass", "mmio_stale_data", "gather_data_sampling", "indirect_target_selection"],
  hasRtm: true,
  hasEnhancedIbrs: true,
  hasAutomaticIbrs: false,
  hasStibp: true,
  prefersStibpAlwaysOn: false,
  bhi: "loop",
  hasPbrsb: true,
  itsNativeOnly: true,
  mdsNo: true,
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
  cycles: {
    ...SKYLAKE_CYCLES,
    worldSwitch: { value: 600, source: "assumed: a core one generation newer; no figure for this part at hand" },
    ...EIBRS_SPEC_CTRL,
    rsbFill: { value: 69, source: `assumed: ${BEHRENS}` },
    ibpb: { value: 840, source: `assumed: ${BEHRENS}` },
    softwareScale: { value: 0.85, source: "assumed: 18 % more instructions a cycle, as Intel states for Sunny Cove over Skylake" },
  },
  source:
    "affected matrix, BHI and PBRSB: Linux 7.1 arch/x86/kernel/cpu/common.c; TAA_NO: assumed from Intel's documents; " +
    "base and turbo frequency (a Platinum 8375C), APICv, RTM, MWAIT, ARAT, PML and TSC scaling: assumed, general knowledge of the part",
} as const satisfies CpuModel;
