/**
 * Series of the recording rules (config/stack/prometheus/rules/recording.yaml), each with its labels; tests
 * compare both. What a dashboard asks of the whole fleet is recorded, or each look would read some
 * hundred series of every host.
 */

/** A host, with what configuration can change. */
const HOST = ["job", "zone", "group", "host", "kernel", "cpu_model", "microcode", "cohort"] as const;
/** Hosts of a group that are alike in what configuration can change. */
const GROUP = ["job", "zone", "group", "kernel", "cpu_model", "microcode", "cohort"] as const;

export const RECORDED = {
  "host:kvm_host_emulated_seconds:inverse_rate1m": HOST,
  "host:kvm_exits:rate1m": HOST,
  "host:kvm_exit_cycles_sum:rate1m": HOST,
  "host:kvm_fastpath_hits:rate1m": HOST,
  "host:kvm_fastpath_misses:rate1m": HOST,
  "host_use:kvm_host_cpu_seconds:rate1m": [...HOST, "use"],
  "group:kvm_host_tsc_hertz:avg": GROUP,
  "group:kvm_host_vcpus:sum": GROUP,
  "group_exit:kvm_exits:rate1m": [...GROUP, "reason", "msr", "path"],
  "group_exit:kvm_exit_cycles_sum:rate1m": [...GROUP, "reason", "msr", "path"],
  "group_exit:kvm_exit_cycles_bucket:rate1m": [...GROUP, "reason", "msr", "path", "le"],
  "group_component:kvm_exit_cycles:rate1m": [...GROUP, "component"],
  "group_fastpath:kvm_fastpath_hits:rate1m": [...GROUP, "fastpath"],
  "group_cause:kvm_fastpath_misses:rate1m": [...GROUP, "fastpath", "cause"],
  "group_delivery:kvm_timer_expirations:rate1m": [...GROUP, "delivery"],
  "group:kvm_timer_latency_cycles_sum:rate1m": GROUP,
  "group:kvm_timer_latency_cycles_bucket:rate1m": [...GROUP, "le"],
  "group:kvm_ipi_latency_cycles_sum:rate1m": GROUP,
  "group:kvm_ipi_latency_cycles_bucket:rate1m": [...GROUP, "le"],
  "group_state:kvm_vcpu_seconds:rate1m": [...GROUP, "state"],
  "group_use:kvm_host_cpu_seconds:rate1m": [...GROUP, "use"],
  "group_result:kvm_halt_polls:rate1m": [...GROUP, "result"],
  "group_result:kvm_halt_poll_seconds:rate1m": [...GROUP, "result"],
  "group_workload:kvm_guest_work_cycles:rate1m": [...GROUP, "workload"],
  "group_direction:kvm_migrations:rate1m": [...GROUP, "direction", "result"],
  "group:kvm_migration_downtime_seconds_sum:rate1m": GROUP,
  "group:kvm_migration_downtime_seconds_bucket:rate1m": [...GROUP, "le"],
  "cohort_exit:kvm_exit_cycles_per_exit:relative": ["job", "cohort", "reason", "msr"],
  "cohort:kvm_exit_cycles_per_vcpu:relative": ["job", "cohort"],
} as const;
