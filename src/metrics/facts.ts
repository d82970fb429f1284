/** The facts of a host that decide which series it has. */
import { counterAt, type HostSnapshot } from "../fleet/snapshot.ts";
import type { HostPlan } from "../fleet/action.ts";
import { WORKLOAD_NAMES } from "../guest/workloads.ts";
import { AT } from "../kvm/counters.ts";
import type { ResolvedHost } from "../kvm/resolved.ts";
import type { HostFacts } from "./metric.ts";

/** Facts of a host that has not run yet, for the budget of a configuration. */
export function factsOfPlan(plan: HostPlan, resolved: ResolvedHost): HostFacts {
  const running = new Set(resolved.guests.map((guest) => guest.spec.workload));
  return { plan, resolved, workloads: WORKLOAD_NAMES.filter((name) => running.has(name)) };
}

/** Facts of a running host: a workload that was taken away keeps its counter until the reboot. */
export function factsOf(host: HostSnapshot): HostFacts {
  const { plan, resolved } = host;
  const running = new Set(resolved.guests.map((guest) => guest.spec.workload));
  const workloads = WORKLOAD_NAMES.filter((name, i) => running.has(name) || counterAt(host, AT.workCycles + i) > 0);
  return { plan, resolved, workloads };
}
