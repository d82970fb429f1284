/** The catalogue of CPU models that `cpu:` may name. */
import type { CpuModel } from "./cpu-model.ts";
import { broadwellEp } from "./cpus/broadwell-ep.ts";
import { cascadeLake } from "./cpus/cascade-lake.ts";
import { epycGenoa } from "./cpus/epyc-genoa.ts";
import { epycMilan } from "./cpus/epyc-milan.ts";
import { epycNaples } from "./cpus/epyc-naples.ts";
import { epycRome } from "./cpus/epyc-rome.ts";
import { haswellEp } from "./cpus/haswell-ep.ts";
import { icelakeSp } from "./cpus/icelake-sp.ts";
import { sapphireRapids } from "./cpus/sapphire-rapids.ts";
import { skylakeSp } from "./cpus/skylake-sp.ts";

export const CPUS = {
  "haswell-ep": haswellEp,
  "broadwell-ep": broadwellEp,
  "skylake-sp": skylakeSp,
  "cascade-lake": cascadeLake,
  "icelake-sp": icelakeSp,
  "sapphire-rapids": sapphireRapids,
  "epyc-naples": epycNaples,
  "epyc-rome": epycRome,
  "epyc-milan": epycMilan,
  "epyc-genoa": epycGenoa,
} as const satisfies Record<string, CpuModel>;
export type CpuName = keyof typeof CPUS;
export const CPU_NAMES = Object.keys(CPUS) as CpuName[];
