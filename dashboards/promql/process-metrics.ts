/** Those of prom-client's default metrics that a dashboard asks for; a test compares them with what the daemon exposes. */
export const PROCESS_METRICS = {
  process_cpu_seconds_total: { type: "counter", labels: [] },
  process_resident_memory_bytes: { type: "gauge", labels: [] },
  nodejs_heap_size_used_bytes: { type: "gauge", labels: [] },
  nodejs_eventloop_lag_p99_seconds: { type: "gauge", labels: [] },
} as const;
