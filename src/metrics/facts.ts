/** The facts of a host that decide which series it has. */
import { counterAt, type HostSnapshot } from "../fleet/snapshot.ts";
import type { HostPlan } from "../fleet/action.ts";
import { workloadNameOf, workloadOf } from "../guest/workload-choice.ts";
import { WORKLOAD_NAMES } from "../guest/workloads.ts";
import { AT } from "../kvm/counters.ts";
import { ALL_SHOWN_CELLS, SHOWN_CELLS } from "../kvm/exits.ts";
import type { ResolvedHost } from "../kvm/resolved.ts";
import { workCounter } from "../kvm/work-counters.ts";
import type { HostFacts } from "./metric.ts";

const RARE_CELLS = {
  intel: ALL_SHOWN_CELLS.intel.slice(SHOWN_CELLS.intel.length),
  amd: ALL_SHOWN_CELLS.amd.slice(SHOWN_CELLS.amd.length),
};

/** A workload of the host touches debug registers, as Windows does and Linux does not. */
const causesRareExits = ({ guests }: ResolvedHost): boolean =>
  guests.some(({ spec }) => workloadOf(spec.workload).background.debug_register > 0);

const runningOn = ({ guests }: ResolvedHost): string[] => guests.map(({ spec }) => workloadNameOf(spec.workload));

/** Facts of a host that has not run yet, for the budget of a configuration. */
export function factsOfPlan(plan: HostPlan, resolved: ResolvedHost): HostFacts {
  return { plan, resolved, workloads: [...new Set(runningOn(resolved))], rareExits: causesRareExits(resolved) };
}

/** Facts of a running host: a workload that was taken away keeps its counter until the reboot. */
export function factsOf(host: HostSnapshot): HostFacts {
  const { plan, resolved, ownWorkloads } = host;
  const running = new Set(runningOn(resolved));
  const has = (name: string): boolean => running.has(name) || counterAt(host, workCounter(name, ownWorkloads)) > 0;
  const rareExits = causesRareExits(resolved) || RARE_CELLS[resolved.cpu.vendor].some(({ index }) => counterAt(host, AT.exits + index) > 0);
  return { plan, resolved, workloads: [...WORKLOAD_NAMES, ...ownWorkloads].filter(has), rareExits };
}
