/**
 * What a guest's application does, in terms of guest behaviour: never in terms of exits. The guest
 * kernel (`linux.ts`) turns it into timer writes, HLTs and IPIs. Rates and sizes are those of one
 * vCPU; keys are those of a file in `workloads/`.
 */
export interface Workload {
  readonly doc: string;
  /** Requests that arrive from outside (virtio interrupts) and make a thread ready, per second. */
  readonly requests_per_second: number;
  /** Interrupts of the device that make no thread ready: acknowledgements, completions. */
  readonly quiet_interrupts_per_second: number;
  /** Useful guest time of one piece of work, and its coefficient of variation. */
  readonly work_ns: number;
  readonly work_cv: number;
  /** Messages that circulate between the vCPUs of a guest (hackbench). */
  readonly messages_per_vcpu: number;
  /** vCPUs with a thread that never sleeps: it computes, or polls its queues (DPDK). */
  readonly busy_vcpus: number | "all";
  /** Chance that a piece of work wakes a thread on another vCPU. */
  readonly remote_wake_chance: number;
  /** Chance that such a thread preempts what runs on a busy vCPU: that takes an IPI, too, as a wake-up of an idle one does. */
  readonly preempt_chance: number;
  /** Doorbell writes (virtio notify, ioeventfd) per piece of work that was asked for. */
  readonly doorbell_chance: number;
  /** Interval of a periodic high-resolution timer with its own thread, or 0 (cyclictest). */
  readonly interval_ns: number;
  /** Timer-wheel timers that expire per second (TCP, kernel housekeeping). */
  readonly soft_timers_per_second: number;
  /** How requests and quiet interrupts come and go: their rates are those of the busy time. */
  readonly rhythm: Rhythm;
  /** The kernel reaches its APIC by Hyper-V's MSRs, which always exit (Windows with hv-vapic). */
  readonly hyperv_apic: boolean;
  /** Background operations per second of guest compute. */
  readonly background: Readonly<Record<BackgroundOperation, number>>;
  /** Memory that it writes to while it runs: MiB that a second dirties anew, and the working set among which its writes go; all assumed. */
  readonly writes: { readonly mib_per_second: number; readonly working_set_mib: number };
  readonly source: string;
}

/** Demand over time, from the guest's boot on. */
export interface Rhythm {
  /** `bursts`: all or little, a noisy neighbour; `diurnal`: up and down as a cosine, least at the boot. */
  readonly shape: "steady" | "bursts" | "diurnal";
  readonly period_s: number;
  /** Part of each period that is busy (bursts). */
  readonly busy_share: number;
  /** What is left of the demand at the quietest time, from 0.001 to 1. */
  readonly quiet_load: number;
}

/** Operations that a guest comes to now and then while it computes. */
export const BACKGROUND_OPERATIONS = [
  "cpuid",
  "port_io",
  "mmio",
  "doorbell",
  "page_fault",
  "pause_loop",
  "level_eoi",
  "hypercall",
  "other_msr",
  "self_ipi",
  "call_function",
  "debug_register",
  "apic_register",
  "other",
] as const;
export type BackgroundOperation = (typeof BACKGROUND_OPERATIONS)[number];

/** A guest whose application never asks for anything. */
export const QUIET = {
  requests_per_second: 0,
  quiet_interrupts_per_second: 0,
  work_ns: 50_000,
  work_cv: 0.5,
  messages_per_vcpu: 0,
  busy_vcpus: 0,
  remote_wake_chance: 0,
  preempt_chance: 0,
  doorbell_chance: 0,
  interval_ns: 0,
  soft_timers_per_second: 0,
  rhythm: { shape: "steady", period_s: 86_400, busy_share: 0.5, quiet_load: 0.1 },
  hyperv_apic: false,
  background: {
    cpuid: 0,
    port_io: 0,
    mmio: 0,
    doorbell: 0,
    page_fault: 0,
    pause_loop: 0,
    level_eoi: 0,
    hypercall: 0,
    other_msr: 0,
    self_ipi: 0,
    call_function: 0,
    debug_register: 0,
    apic_register: 0,
    other: 0,
  },
  writes: { mib_per_second: 20, working_set_mib: 32 },
} as const satisfies Omit<Workload, "doc" | "source">;
