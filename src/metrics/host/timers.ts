/** APIC timers and IPIs: how they are driven, how they arrive, how late. */
import { LATENCY_EDGES, TIMER_DELIVERIES, TIMER_MODES } from "../../kvm/counters.ts";
import { counts, histogram } from "../from-counters.ts";
import { gauges } from "../from-facts.ts";

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
  /** `disable` is APICV_INHIBIT_REASON_DISABLE: the module parameter, or hardware without it. */
  kvm_apicv_inhibited: gauges([{ reason: "disable" }], ({ resolved }) => [Number(!resolved.apicv.value)]),
};
