/**
 * RTM, the part of TSX without which there is no TAA. Every Intel model of the catalogue has it in
 * silicon; an erratum had microcode take it from some, where `tsx: on` says that it has not.
 *
 * Linux: arch/x86/kernel/cpu/tsx.c tsx_init. Simplified: `tsx: off` takes RTM away on every CPU, as
 * firmware would, also where the kernel's own tsx=off finds no TSX_CTRL; `tsx: auto` leaves it as the model
 * has it (assumed; distributions differ per release).
 */
import type { CpuModel } from "../hw/cpu-model.ts";
import type { HostSpec } from "./host-spec.ts";

/** X86_FEATURE_RTM, on the host and in its guests. */
export function hasRtm({ cpu, spec }: { readonly cpu: CpuModel; readonly spec: Pick<HostSpec, "tsx"> }): boolean {
  if (spec.tsx === "on") return cpu.vendor === "intel";
  return spec.tsx === "auto" && cpu.hasRtm;
}
