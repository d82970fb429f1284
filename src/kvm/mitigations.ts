/** The catalogue of CPU bugs, under the file names of /sys/devices/system/cpu/vulnerabilities. */
import type { Vulnerability } from "../hw/cpu-model.ts";
import type { Mitigation } from "./mitigation.ts";
import { l1tf } from "./mitigations/l1tf.ts";
import { mds } from "./mitigations/mds.ts";
import { meltdown } from "./mitigations/meltdown.ts";
import { mmioStaleData } from "./mitigations/mmio-stale-data.ts";
import { retbleed } from "./mitigations/retbleed.ts";
import { spectreV2 } from "./mitigations/spectre-v2.ts";
import { taa } from "./mitigations/taa.ts";

export const MITIGATIONS = {
  meltdown,
  spectre_v2: spectreV2,
  l1tf,
  mds,
  tsx_async_abort: taa,
  mmio_stale_data: mmioStaleData,
  retbleed,
} as const satisfies Record<Vulnerability, Mitigation>;
export const VULNERABILITIES = Object.keys(MITIGATIONS) as Vulnerability[];
