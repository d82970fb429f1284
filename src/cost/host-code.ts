/** What host kernel code costs that no exit's own path accounts for piece by piece. */
import type { CpuModel } from "../hw/cpu-model.ts";
import { CYCLES_PER_INDIRECT_CALL } from "./paths.ts";
import type { EntryConditions } from "./conditions.ts";

/**
 * Cycles of host kernel code outside an exit's own path (interrupts, the scheduler, timers) on this
 * host for each cycle on the reference core: the model's, with retpolines, legacy IBRS and counted calls on top.
 */
export function hostCodeScale({ cycles }: CpuModel, on: Pick<EntryConditions, "retpolines" | "callDepth" | "ibrs">): number {
  const retpolines = on.retpolines ? cycles.retpoline.value / CYCLES_PER_INDIRECT_CALL.value : 0;
  const ibrs = on.ibrs === "legacy" ? cycles.ibrsSlowdown.value : 0;
  const callDepth = on.callDepth ? cycles.callDepthSlowdown.value : 0;
  return cycles.softwareScale.value * (1 + retpolines + ibrs + callDepth);
}
