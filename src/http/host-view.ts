/** A host as the API shows it: plain facts of its snapshot, under the words of the configuration. */
import type { HostSnapshot } from "../fleet/snapshot.ts";
import { FASTPATH_NAMES } from "../kvm/fastpaths.ts";
import { TIMER_MODES } from "../kvm/counters.ts";
import { exitsOf } from "../metrics/exit-total.ts";
import { seriesCountOf } from "../metrics/host-metrics.ts";
import type { HostTimes } from "../metrics/metric.ts";
import { hostMetricsPath } from "./service-discovery.ts";

/** One line of the list of hosts. */
export function hostSummary(host: HostSnapshot, times: HostTimes) {
  const { plan, resolved, state, failure, generation, vcpus } = host;
  const { cpu, scenario, cpus } = plan.spec;
  return {
    name: plan.name,
    group: plan.group,
    zone: plan.zone,
    labels: plan.labels,
    cohort: plan.cohort,
    state,
    failure,
    generation,
    last_change: isoTime(times.lastChangeSeconds(host)),
    boot: isoTime(times.bootSeconds(host)),
    cpu,
    kernel: resolved.kernel.name,
    scenario,
    cpus,
    vcpus,
    guests: resolved.guests.length,
    exits: exitsOf(host),
    fastpath: Object.fromEntries(FASTPATH_NAMES.map((name) => [name, resolved.fastpath[name].value])),
    timer_mode_guests: Object.fromEntries(
      TIMER_MODES.map((mode) => [mode, resolved.guests.filter((guest) => guest.timerMode.value === mode).length]),
    ),
    series: seriesCountOf(host),
    metrics: hostMetricsPath(plan.name),
    explain: `/api/v1/hosts/${encodeURIComponent(plan.name)}/explain`,
  };
}

/** Everything of one host: its specification and what became of it. */
export function hostDetail(host: HostSnapshot, times: HostTimes) {
  const { plan, resolved } = host;
  return {
    ...hostSummary(host, times),
    tsc_hertz: resolved.tscHz,
    spec: plan.spec,
    vulnerabilities: resolved.vulnerabilities,
    resolved_guests: resolved.guests.map(({ name, kind, timerMode, canPostTimer, canUseHvTimer, apicvActive, cpus }) => ({
      name,
      kind,
      timer_mode: timerMode,
      can_post_timer: canPostTimer,
      can_use_hv_timer: canUseHvTimer,
      apicv_active: apicvActive,
      cpus,
    })),
  };
}

/** Unix seconds as ISO 8601; null for 0, which means never. */
const isoTime = (seconds: number): string | null => (seconds === 0 ? null : new Date(seconds * 1000).toISOString());
