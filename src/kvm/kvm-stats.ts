/**
 * KVM's own cumulative statistics, under the field names of the binary statistics interface
 * (debugfs up to 5.13 calls some otherwise: irq_window, request_irq). Units as in KVM: events,
 * and nanoseconds where the name ends in _ns.
 */
export const KVM_STATS = [
  "exits",
  "io_exits",
  "mmio_exits",
  "irq_exits",
  "irq_window_exits",
  "halt_exits",
  "hypercalls",
  "irq_injections",
  "l1d_flush",
  "halt_attempted_poll",
  "halt_successful_poll",
  "halt_poll_invalid",
  "halt_wakeup",
  "halt_poll_success_ns",
  "halt_poll_fail_ns",
  "halt_wait_ns",
  "directed_yield_attempted",
  "directed_yield_successful",
  "preemption_reported",
  "preemption_other",
] as const;
export type KvmStat = (typeof KVM_STATS)[number];
