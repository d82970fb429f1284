/** The catalogue of CPU bugs, under the file names of /sys/devices/system/cpu/vulnerabilities. */
import type { Vulnerability } from "../hw/cpu-model.ts";
import type { Mitigation } from "./mitigation.ts";
import { gatherDataSampling } from "./mitigations/gather-data-sampling.ts";
import { ghostwrite } from "./mitigations/ghostwrite.ts";
import { indirectTargetSelection } from "./mitigations/indirect-target-selection.ts";
import { itlbMultihit } from "./mitigations/itlb-multihit.ts";
import { l1tf } from "./mitigations/l1tf.ts";
import { mds } from "./mitigations/mds.ts";
import { meltdown } from "./mitigations/meltdown.ts";
import { mmioStaleData } from "./mitigations/mmio-stale-data.ts";
import { oldMicrocode } from "./mitigations/old-microcode.ts";
import { regFileDataSampling } from "./mitigations/reg-file-data-sampling.ts";
import { retbleed } from "./mitigations/retbleed.ts";
import { specRstackOverflow } from "./mitigations/spec-rstack-overflow.ts";
import { specStoreBypass } from "./mitigations/spec-store-bypass.ts";
import { spectreV1 } from "./mitigations/spectre-v1.ts";
import { spectreV2 } from "./mitigations/spectre-v2.ts";
import { srbds } from "./mitigations/srbds.ts";
import { taa } from "./mitigations/taa.ts";
import { tsa } from "./mitigations/tsa.ts";
import { vmscape } from "./mitigations/vmscape.ts";

export const MITIGATIONS = {
  meltdown,
  spectre_v1: spectreV1,
  spectre_v2: spectreV2,
  spec_store_bypass: specStoreBypass,
  l1tf,
  mds,
  tsx_async_abort: taa,
  itlb_multihit: itlbMultihit,
  srbds,
  mmio_stale_data: mmioStaleData,
  retbleed,
  gather_data_sampling: gatherDataSampling,
  spec_rstack_overflow: specRstackOverflow,
  reg_file_data_sampling: regFileDataSampling,
  indirect_target_selection: indirectTargetSelection,
  ghostwrite,
  old_microcode: oldMicrocode,
  tsa,
  vmscape,
} as const satisfies Record<Vulnerability, Mitigation>;
export const VULNERABILITIES = Object.keys(MITIGATIONS) as Vulnerability[];
