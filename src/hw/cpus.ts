/** The catalogue of CPU models that `cpu:` may name. */
import type { CpuModel } from "./cpu-model.ts";
import { cascadeLake } from "./cpus/cascade-lake.ts";
import { icelakeSp } from "./cpus/icelake-sp.ts";
import { skylakeSp } from "./cpus/skylake-sp.ts";

export const CPUS = { "skylake-sp": skylakeSp, "cascade-lake": cascadeLake, "icelake-sp": icelakeSp } as const satisfies Record<
  string,
  CpuModel
>;
export type CpuName = keyof typeof CPUS;
export const CPU_NAMES = Object.keys(CPUS) as CpuName[];
