import { QUIET, type Workload } from "../workload.ts";

/** A busy Windows guest: deferred calls by self-IPI, Hyper-V's APIC registers, debug registers at context switches. */
export const windows = {
  ...QUIET,
  doc: "A busy Windows guest: deferred calls by self-IPI, Hyper-V's APIC registers, debug registers at context switches.",
  busy_vcpus: "all",
  work_ns: 300_000,
  work_cv: 0.8,
  remote_wake_chance: 0.2,
  hyperv_apic: true,
  background: { ...QUIET.background, self_ipi: 4400, debug_register: 460, hypercall: 182 },
  source: "assumed: shares of a perf kvm stat sample on qemu-devel of a Windows guest with Hyper-V's SynIC and APIC",
} as const satisfies Workload;
