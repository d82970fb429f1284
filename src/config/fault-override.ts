/** Faults that break a host through its configuration: what they say of it, over all overrides. */
import type { Effect, Fault } from "../fleet/fault.ts";
import type { HostSpecPatch } from "./host-schema.ts";
import type { PlannedOverride } from "./plan.ts";

/** What a fault sets on its hosts; nothing where it breaks something else. */
export function setOf(effect: Effect, id: string): HostSpecPatch {
  if (effect.kind === "microcode_loss") return { mitigations: { microcode: "old" } };
  if (effect.kind !== "noisy_neighbour") return {};
  const { vcpus, workload } = effect;
  // A name that no file can say, so that it is one guest more on every host.
  return { guests: { [`noisy-neighbour.${id}`]: { count: 1, vcpus, workload, dedicated: false } } };
}

export function overridesOf(faults: readonly Fault[]): PlannedOverride[] {
  return faults.flatMap(({ effect, id, hosts }) => {
    const set = setOf(effect, id);
    return Object.keys(set).length === 0 ? [] : [{ match: { host: hosts }, set }];
  });
}
