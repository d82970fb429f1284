/** Where the time of vCPUs and physical CPUs went, and what the guests got done in it. */
import { counterAt } from "../../fleet/snapshot.ts";
import { CPU_USES, HALT_POLL_RESULTS, VCPU_STATES } from "../../kvm/counters.ts";
import { workCounter } from "../../kvm/work-counters.ts";
import { factsOf } from "../facts.ts";
import { counts, seconds } from "../from-counters.ts";
import type { HostMetric } from "../metric.ts";

const POLL_LABELS = HALT_POLL_RESULTS.map((result) => ({ result }));

/** Only the workloads of this host have a series. */
const guestWork: HostMetric = {
  series: ({ workloads }) => workloads.map((workload) => ({ suffix: "", labels: { workload } })),
  values: (host) => factsOf(host).workloads.map((name) => counterAt(host, workCounter(name, host.ownWorkloads))),
};

export const timeMetrics = {
  kvm_vcpu_seconds_total: seconds(
    "vcpuCycles",
    VCPU_STATES.map((state) => ({ state })),
  ),
  kvm_host_cpu_seconds_total: seconds(
    "cpuCycles",
    CPU_USES.map((use) => ({ use })),
  ),
  kvm_halt_polls_total: counts("haltPolls", POLL_LABELS),
  kvm_halt_poll_seconds_total: seconds("haltPollCycles", POLL_LABELS),
  kvm_guest_work_cycles_total: guestWork,
};
