/**
 * Sapphire Rapids (0x8f), Xeon Scalable of 2023: the first with IPI virtualization, so a unicast
 * IPI between running vCPUs does not exit. Of the bugs that cost entries none is left; branch
 * history injection is met by the hardware (BHI_DIS_S).
 */
import type { CpuModel } from "../cpu-model.ts";
import { BEHRENS } from "../figure.ts";
import { EIBRS_SPEC_CTRL, SKYLAKE_CYCLES } from "../hardware-cycles.ts";

export const sapphireRapids = {
  name: "sapphire-rapids",
  vendor: "intel",
  doc: "Xeon Scalable, 4th generation (2023, Sapphire Rapids): IPI virtualization; no buffer bug is left",
  family: 0x06,
  baseGhz: 2.0,
  turboGhz: 3.0,
  affectedBy: ["spectre_v1", "spectre_v2", "spec_store_bypass", "vmscape"],
  hasRtm: true,
  hasEnhancedIbrs: true,
  hasAutomaticIbrs: false,
  hasStibp: true,
  prefersStibpAlwaysOn: false,
  bhi: "bhi_dis_s",
  hasPbrsb: true,
  itsNativeOnly: false,
  mdsNo: true,
  hasPreemptionTimer: true,
  preemptionTimerShift: 5,
  hasApicv: true,
  hasIpiVirtualization: true,
  hasAvic: false,
  hasX2avic: false,
  hasAvicIpiErratum: false,
  hasMwaitAndArat: true,
  hasPml: true,
  hasTscScaling: true,
  cycles: {
    ...SKYLAKE_CYCLES,
    worldSwitch: { value: 560, source: "assumed: two generations newer than the core that was measured; no figure for this part at hand" },
    ...EIBRS_SPEC_CTRL,
    rsbFill: { value: 69, source: `assumed: as an Ice Lake in ${BEHRENS}` },
    ibpb: { value: 840, source: `assumed: as an Ice Lake in ${BEHRENS}` },
    ipiFlight: {
      value: 3120,
      source:
        "derived: KVM: VMX: enable IPI virtualization v7: the ipi test to a spinning target, 4338 without and 3645 with it, less the exit and the handler",
    },
    softwareScale: { value: 0.75, source: "assumed: 19 % more instructions a cycle than Ice Lake, as Intel states for Golden Cove" },
  },
  source:
    "affected matrix, BHI and PBRSB: Linux 7.1 arch/x86/kernel/cpu/common.c; IPI virtualization: KVM: VMX: enable IPI virtualization v7; TAA_NO: assumed from Intel's documents; " +
    "base and turbo frequency (a Platinum 8480+), APICv, RTM, MWAIT, ARAT, PML and TSC scaling: assumed, general knowledge of the part",
} as const satisfies CpuModel;
