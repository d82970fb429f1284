/** What the host is, how large, since when, and in which configuration. */
import { seconds } from "../from-counters.ts";
import { gauge, info } from "../from-facts.ts";

export const hostMetrics = {
  kvm_host_up: gauge(({ state }) => Number(state === "running")),
  kvm_host_info: info(({ plan, resolved }) => [
    {
      cpu_model: resolved.cpu.name,
      vendor: resolved.cpu.vendor,
      kernel: resolved.kernel.name,
      scenario: plan.spec.scenario,
      microcode: plan.spec.mitigations.microcode,
    },
  ]),
  /** There are no rollouts yet, so no host takes part in one. */
  kvm_cohort_assignment: info(({ plan }) => [{ cohort: plan.cohort, rollout: "none" }]),
  kvm_config_generation: gauge(({ generation }) => generation),
  kvm_config_last_change_timestamp_seconds: gauge((host, times) => times.lastChangeSeconds(host)),
  /** A kernel counts it back from its clock, so it is as wrong as that. The last change is a stamp of whoever made it. */
  kvm_host_boot_timestamp_seconds: gauge((host, times) => times.bootSeconds(host) + host.breakage.clockAheadSeconds),
  kvm_host_emulated_seconds_total: seconds("emulatedCycles", [{}]),
  kvm_host_tsc_hertz: gauge(({ resolved }) => resolved.tscHz),
  kvm_host_cpus: gauge(({ plan }) => plan.spec.cpus),
  kvm_host_vcpus: gauge(({ vcpus }) => vcpus),
  kvm_host_guests: gauge(({ resolved }) => resolved.guests.length),
};
