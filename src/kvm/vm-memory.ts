/** The memory of a VM as its migration sees it: how much there is, and what its guest writes to. */
import { EXTRAS } from "../cost/paths.ts";
import { workloadOf } from "../guest/workload-choice.ts";
import type { Stream } from "../sim/random.ts";
import type { DirtyLogSettings } from "./dirty-log.ts";
import { cpuSettings } from "./host-settings.ts";
import type { GuestSpec } from "./host-spec.ts";
import type { ResolvedGuest, ResolvedHost } from "./resolved.ts";

export const PAGE_BYTES = 4096;
const PAGES_PER_MIB = 2 ** 20 / PAGE_BYTES;

/** Pages of a VM's memory. */
export const memoryPages = ({ memory_gb }: GuestSpec): number => Math.ceil(memory_gb * 1024 * PAGES_PER_MIB);

/** The log of a VM on its host; `draws`: when its guest writes. */
export function dirtyLogSettings(host: ResolvedHost, { spec }: ResolvedGuest, draws: Stream): DirtyLogSettings {
  const { mib_per_second, working_set_mib } = workloadOf(spec.workload).writes;
  const rate = spec.dirty_rate === "auto" ? mib_per_second * spec.vcpus : spec.dirty_rate;
  return {
    hotPages: Math.max(1, Math.min(memoryPages(spec), Math.round(working_set_mib * spec.vcpus * PAGES_PER_MIB))),
    writesPerCycle: (rate * PAGES_PER_MIB) / spec.vcpus / host.tscHz,
    pml: host.pml.value,
    eagerSplit: host.traits.hugePageSplit === "eager",
    entryCycles: Math.round(EXTRAS.pmlEntry.value * cpuSettings(host).softwareScale),
    draws,
  };
}
