/** The fleet as the API shows it: sizes, pace, and how its configuration fares. */
import { fleetSeries } from "../metrics/daemon-families.ts";
import { exitsOf } from "../metrics/exit-total.ts";
import type { HostSnapshot } from "../fleet/snapshot.ts";
import type { Backend } from "./backend.ts";

export function fleetView(backend: Backend) {
  const fleet = backend.snapshot();
  const hosts = [...fleet.hosts.values()];
  const { pace, reload } = backend.stats;
  return {
    version: backend.version,
    hosts: hosts.length,
    failed: hosts.filter(({ state }) => state === "failed").length,
    down: hosts.filter(({ state }) => state === "down").length,
    faults: backend.faults().length,
    vcpus: hosts.reduce((sum, { vcpus }) => sum + vcpus, 0),
    guests: hosts.reduce((sum, { resolved }) => sum + resolved.guests.length, 0),
    series: fleetSeries(fleet),
    exits: hosts.reduce((sum, host) => sum + exitsOf(host), 0),
    emulated_seconds: fleet.nowNs / 1e9,
    speed: backend.speed,
    speed_ratio: pace.speedRatio,
    lag_seconds: pace.lagSeconds,
    lost_seconds: pace.lostSeconds,
    groups: groupsOf(hosts),
    config: {
      last_reload_successful: reload.successful,
      last_reload_success: new Date(reload.successTimestamp * 1000).toISOString(),
      errors: backend.configErrors(),
    },
  };
}

function groupsOf(hosts: readonly HostSnapshot[]): { name: string; zone: string; hosts: number }[] {
  const groups = new Map<string, { name: string; zone: string; hosts: number }>();
  for (const { plan } of hosts) {
    const group = groups.get(plan.group) ?? { name: plan.group, zone: plan.zone, hosts: 0 };
    groups.set(plan.group, { ...group, hosts: group.hosts + 1 });
  }
  return [...groups.values()];
}
