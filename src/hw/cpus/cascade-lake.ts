/**
 * Cascade Lake (0x55, stepping 6 and 7), Xeon Scalable of 2019: MDS_NO and RDCL_NO in silicon,
 * but RTM keeps TAA alive. Its VERW clears buffers only with the microcode that also brings the
 * TSX_CTRL MSR; before, the kernel executes VERW all the same and it clears nothing.
 */
import type { CpuModel } from "../cpu-model.ts";
import { BEHRENS } from "../figure.ts";
import { EIBRS_SPEC_CTRL, SKYLAKE_CYCLES } from "../hardware-cycles.ts";

export const cascadeLake = {
  name: "cascade-lake",
  vendor: "intel",
  doc: "Xeon Scalable, 2nd generation (2019, Cascade Lake): no meltdown, l1tf or mds, but taa while TSX is on",
  family: 0x06,
  baseGhz: 2.5,
  turboGhz: 3.1,
  affectedBy: [
    "spectre_v1",
    "spectre_v2",
    "spec_store_bypass",
    "tsx_async_abort",
    "itlb_multihit",
    "mmio_stale_data",
    "retbleed",
    "gather_data_sampling",
    "indirect_target_selection",
    "vmscape",
  ],
  hasRtm: true,
  hasEnhancedIbrs: true,
  hasAutomaticIbrs: false,
  hasStibp: true,
  prefersStibpAlwaysOn: false,
  bhi: "loop",
  hasPbrsb: true,
  itsNativeOnly: false,
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
    ...EIBRS_SPEC_CTRL,
    rsbFill: { value: 120, source: `assumed: ${BEHRENS}` },
    ibpb: { value: 340, source: `assumed: ${BEHRENS}` },
    verw: { value: 458, source: "assumed: as remembered from Behrens et al., EuroSys 2022, and not read again" },
  },
  source:
    "affected matrix, BHI and PBRSB: Linux 7.1 arch/x86/kernel/cpu/common.c; no PSCHANGE_MC_NO, hence itlb_multihit: assumed; MDS_NO without TSX_CTRL: its bugs.c taa_select_mitigation; " +
    "base and turbo frequency (a Platinum 8259CL), APICv, RTM, MWAIT, ARAT, PML and TSC scaling: assumed, general knowledge of the part",
} as const satisfies CpuModel;
