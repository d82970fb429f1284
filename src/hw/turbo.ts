/**
 * Turbo: the cores run faster than the TSC, so what takes core cycles takes fewer TSC cycles. What
 * takes time outside the cores, a physical IPI on its way, takes as many as before. Simplified:
 * all cores run at the all-core turbo, always; the guest's own code is counted at the base clock.
 */
import type { CpuModel } from "./cpu-model.ts";
import type { Figure } from "./figure.ts";
import type { HardwareCycles } from "./hardware-cycles.ts";

/** Ratios of cycles, and what happens outside the cores. */
const UNSCALED: ReadonlySet<keyof HardwareCycles> = new Set(["predictorRefill", "ibrsSlowdown", "callDepthSlowdown", "ipiFlight"]);

/** The model with its cores at the all-core turbo. */
export function atTurbo(cpu: CpuModel): CpuModel {
  const ratio = cpu.baseGhz / cpu.turboGhz;
  const cycles = Object.fromEntries(
    (Object.entries(cpu.cycles) as [keyof HardwareCycles, Figure][]).map(([key, figure]) => [
      key,
      UNSCALED.has(key) ? figure : { ...figure, value: scaled(key, figure.value * ratio) },
    ]),
  ) as unknown as HardwareCycles;
  return { ...cpu, cycles };
}

const scaled = (key: keyof HardwareCycles, value: number): number => (key === "softwareScale" ? value : Math.round(value));
