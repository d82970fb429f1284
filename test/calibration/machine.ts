/** The machines of published measurements, as `config/machines/` has them, with the switches of one measurement. */
import { readFileSync } from "node:fs";
import { parse } from "yaml";
import { completeHostSpec } from "../../src/config/defaults.ts";
import type { HostSpecPatch } from "../../src/config/host-schema.ts";
import { hostPatchSchema } from "../../src/config/host-schema.ts";
import { mergePatch } from "../../src/config/merge.ts";
import type { HostSpec } from "../../src/kvm/host-spec.ts";

export type MachineId =
  | `mix-${"sysbench" | "desktop" | "light-service" | "memory" | "windows" | "hackbench" | "xapic"}`
  | "skx-8160"
  | "skx-2500"
  | "haswell-2015"
  | "haswell-2018"
  | "icx"
  | "spr-class"
  | "rome"
  | "epyc-unnamed";

/** A machine's specification with `patches` laid over it, one after the other. */
export function machine(id: MachineId, ...patches: readonly HostSpecPatch[]): HostSpec {
  const own = hostPatchSchema.parse(parse(readFileSync(`config/machines/${id}.yaml`, "utf8"))) as HostSpecPatch;
  return completeHostSpec(patches.reduce<HostSpecPatch>((spec, patch) => mergePatch(spec, patch), own));
}
