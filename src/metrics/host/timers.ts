/** APIC timers and IPIs: how they are driven, how they arrive, how late. */
import type { Vendor } from "../../hw/cpu-model.ts";
import { INHIBITS_OF } from "../../kvm/apicv-inhibit.ts";
import { LATENCY_EDGES, TIMER_DELIVERIES, TIMER_MODES } from "../../kvm/counters.ts";
import { counts, histogram } from "../from-counters.ts";
import { gauges } from "../from-facts.ts";
import type { HostMetric, Series } from "../metric.ts";

const inhibitSeries = (vendor: Vendor): readonly Series[] => INHIBITS_OF[vendor].map((reason) => ({ suffix: "", labels: { reason } }));
const INHIBIT_SERIES = { intel: inhibitSeries("intel"), amd: inhibitSeries("amd") };

/** One series a reason that the vendor's hosts can have. */
const apicvInhibited: HostMetric = {
  series: ({ resolved }) => INHIBIT_SERIES[resolved.cpu.vendor],
  values: ({ resolved }) => {
    const held = new Set(resolved.guests.flatMap(({ apicvInhibits }) => apicvInhibits.map(({ name }) => name)));
    // Without a guest the module parameter still says no.
    if (!resolved.apicv.value) held.add("disabled");
    return INHIBITS_OF[resolved.cpu.vendor].map((reason) => Number(held.has(reason)));
  },
};

export const timerMetrics = {
  kvm_timer_mode_guests: gauges(
    TIMER_MODES.map((mode) => ({ mode })),
    ({ resolved }) => TIMER_MODES.map((mode) => resolved.guests.filter((guest) => guest.timerMode.value === mode).length),
  ),
  kvm_timer_expirations_total: counts(
    "timerExpirations",
    TIMER_DELIVERIES.map((delivery) => ({ delivery })),
  ),
  kvm_timer_latency_cycles: histogram("timerLatencyBuckets", "timerLatencyCycles", LATENCY_EDGES, [{}]),
  kvm_ipi_latency_cycles: histogram("ipiLatencyBuckets", "ipiLatencyCycles", LATENCY_EDGES, [{}]),
  kvm_apicv_inhibited: apicvInhibited,
};
