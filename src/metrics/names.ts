/**
 * Every metric and label name that the daemon exposes: the vocabulary that dashboards, rules
 * and renderers share. Nothing but names stands here, so it can be imported from anywhere.
 */

export type MetricType = "counter" | "gauge" | "histogram";

export interface MetricMeta {
  readonly type: MetricType;
  /** One sentence, without quotes or line breaks. */
  readonly help: string;
  /** Labels of its own; identity labels and `le` come on top. */
  readonly labels: readonly string[];
}

/** What each host exposes, in the order of the exposition. */
export const HOST_METRICS = {
  kvm_host_up: {
    type: "gauge",
    help: "1 while the host is emulated, 0 when a fault took it down or an invariant broke and it stopped.",
    labels: [],
  },
  kvm_host_info: {
    type: "gauge",
    help: "What the host is made of; always 1.",
    labels: ["cpu_model", "vendor", "kernel", "scenario", "microcode"],
  },
  kvm_cohort_assignment: {
    type: "gauge",
    help: "The smallest cohort that holds the host, or none; always 1.",
    labels: ["cohort", "rollout"],
  },
  kvm_config_generation: { type: "gauge", help: "Number of the host's configuration, one more at each change.", labels: [] },
  kvm_config_last_change_timestamp_seconds: {
    type: "gauge",
    help: "Unix time of the last change of the host's configuration, 0 before the first.",
    labels: [],
  },
  kvm_host_boot_timestamp_seconds: { type: "gauge", help: "Unix time at which the host booted.", labels: [] },
  kvm_host_emulated_seconds_total: { type: "counter", help: "Seconds of its own time that the host has run since its boot.", labels: [] },
  kvm_host_tsc_hertz: { type: "gauge", help: "Frequency of the time-stamp counter: cycles in one second.", labels: [] },
  kvm_host_cpus: { type: "gauge", help: "Physical CPUs of the host.", labels: [] },
  kvm_host_vcpus: { type: "gauge", help: "Virtual CPUs of all guests of the host.", labels: [] },
  kvm_host_guests: { type: "gauge", help: "Guests that run on the host.", labels: [] },
  kvm_exits_total: {
    type: "counter",
    help: "VM exits by reason, by the MSR that was written, and by the path that handled them.",
    labels: ["reason", "msr", "path"],
  },
  kvm_exit_cycles: {
    type: "histogram",
    help: "Host TSC cycles from the guest's last instruction to its next, without blocked and polling time.",
    labels: ["reason", "msr", "path"],
  },
  kvm_exit_cycles_by_component_total: {
    type: "counter",
    help: "Cycles of exits by what spent them; the components add up to kvm_exit_cycles_sum.",
    labels: ["component"],
  },
  kvm_fastpath_enabled: {
    type: "gauge",
    help: "1 when the fastpath is live on the host, as resolved and not as asked for.",
    labels: ["fastpath"],
  },
  kvm_fastpath_hits_total: { type: "counter", help: "Capable exits that a fastpath handled.", labels: ["fastpath"] },
  kvm_fastpath_misses_total: { type: "counter", help: "Capable exits that took the normal path, by cause.", labels: ["fastpath", "cause"] },
  kvm_timer_mode_guests: { type: "gauge", help: "Guests by what drives their APIC timer.", labels: ["mode"] },
  kvm_timer_expirations_total: {
    type: "counter",
    help: "Expirations of guests' APIC timers by how they reached the guest.",
    labels: ["delivery"],
  },
  kvm_timer_latency_cycles: { type: "histogram", help: "Host TSC cycles from a timer's deadline to the guest's handler.", labels: [] },
  kvm_ipi_latency_cycles: { type: "histogram", help: "Host TSC cycles from sending an IPI to the receiver's handler.", labels: [] },
  kvm_apicv_inhibited: {
    type: "gauge",
    help: "1 when APIC virtualization is off for this reason in a VM of the host.",
    labels: ["reason"],
  },
  kvm_vcpu_seconds_total: {
    type: "counter",
    help: "Time of all vCPUs by state; the states add up to vCPUs times time.",
    labels: ["state"],
  },
  kvm_host_cpu_seconds_total: {
    type: "counter",
    help: "Time of the physical CPUs by use; the uses add up to CPUs times time.",
    labels: ["use"],
  },
  kvm_halt_polls_total: {
    type: "counter",
    help: "Polls of KVM before it blocks a halted vCPU, by result; invalid: given up because another thread was to run.",
    labels: ["result"],
  },
  kvm_halt_poll_seconds_total: {
    type: "counter",
    help: "Time spent in polls before blocking a halted vCPU, by result.",
    labels: ["result"],
  },
  kvm_guest_work_cycles_total: { type: "counter", help: "Useful guest cycles: the score of the workload.", labels: ["workload"] },
  kvm_migrations_total: {
    type: "counter",
    help: "Migrations of guests away from this host by their end, and by whether the guest has fewer or more of the timer and ICR fastpaths there.",
    labels: ["direction", "result"],
  },
  kvm_migration_downtime_seconds: {
    type: "histogram",
    help: "Time for which guests that left this host did not run.",
    labels: [],
  },
  kvm_stat_total: { type: "counter", help: "Statistics of KVM itself under their names there, quirks included.", labels: ["name"] },
  kvm_mitigation_state: {
    type: "gauge",
    help: "State of a CPU vulnerability: 0 not affected, 1 vulnerable, 2 mitigated.",
    labels: ["vulnerability"],
  },
  node_cpu_vulnerabilities_info: {
    type: "gauge",
    help: "Details of each CPU vulnerability as sysfs reports it, in the form of the node exporter; always 1.",
    labels: ["codename", "state", "mitigation"],
  },
} as const satisfies Record<string, MetricMeta>;

export type HostMetricName = keyof typeof HOST_METRICS;
export const HOST_METRIC_NAMES = Object.keys(HOST_METRICS) as HostMetricName[];

/** What the daemon says of itself, beside the metrics of its process. */
export const DAEMON_METRICS = {
  fastpathd_build_info: { type: "gauge", help: "Version of the daemon and of Node.js; always 1.", labels: ["version", "node"] },
  fastpathd_shard_info: {
    type: "gauge",
    help: "Which share of the configured hosts this process emulates; always 1. One process emulates them all.",
    labels: ["shard", "shards"],
  },
  fastpathd_hosts: { type: "gauge", help: "Hosts of the fleet by how they are emulated and by state.", labels: ["fidelity", "state"] },
  fastpathd_series: { type: "gauge", help: "Series that all hosts of the fleet expose together.", labels: [] },
  fastpathd_emulated_exits_total: {
    type: "counter",
    help: "VM exits emulated since start, reboots and removed hosts included.",
    labels: [],
  },
  fastpathd_emulated_seconds_total: { type: "counter", help: "Seconds of fleet time emulated since start.", labels: [] },
  fastpathd_speed_ratio: {
    type: "gauge",
    help: "Speed reached over the last seconds as a share of the speed asked for; 1 is on time.",
    labels: [],
  },
  fastpathd_lag_seconds: {
    type: "gauge",
    help: "Wall time by which the emulation is behind its pace and still means to catch up.",
    labels: [],
  },
  fastpathd_lost_seconds_total: { type: "counter", help: "Wall time given up because it could not be caught up.", labels: [] },
  fastpathd_slice_seconds: { type: "histogram", help: "Wall time of one slice of emulation, in which the event loop waits.", labels: [] },
  fastpathd_config_last_reload_successful: {
    type: "gauge",
    help: "1 when the last attempt to load the configuration succeeded.",
    labels: [],
  },
  fastpathd_config_last_reload_success_timestamp_seconds: { type: "gauge", help: "Unix time of the last load that succeeded.", labels: [] },
  fastpathd_config_last_change_timestamp_seconds: {
    type: "gauge",
    help: "Unix time of the last accepted change of any host, 0 before the first.",
    labels: [],
  },
  fastpathd_config_reloads_total: { type: "counter", help: "Attempts to load the configuration again, by result.", labels: ["result"] },
  fastpathd_config_hash: { type: "gauge", help: "A number that is equal when the loaded configuration is equal.", labels: [] },
  fastpathd_overrides_active: { type: "gauge", help: "Overrides in force.", labels: [] },
  fastpathd_overrides_persisted: { type: "gauge", help: "Overrides of the state directory, which outlive a restart.", labels: [] },
  fastpathd_faults_active: { type: "gauge", help: "Faults that break hosts on purpose now, by kind.", labels: ["kind"] },
  fastpathd_scrape_duration_seconds: {
    type: "histogram",
    help: "Time from a scrape's request to the end of its answer.",
    labels: ["route"],
  },
  fastpathd_http_requests_total: {
    type: "counter",
    help: "Answered requests; route is the template of the path.",
    labels: ["route", "method", "code"],
  },
} as const satisfies Record<string, MetricMeta>;

export type DaemonMetricName = keyof typeof DAEMON_METRICS;

/** Labels that tell a host from another; a group's own labels come beside them. */
export const IDENTITY_LABELS = ["host", "group", "zone", "instance"] as const;
