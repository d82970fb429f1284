/**
 * A host specification, completed: what a group, an override and the defaults add up to. Keys
 * are those of the configuration, so a merge patch and an explanation name the same thing.
 */
import type { CpuName } from "../hw/cpus.ts";
import type { GuestTimer } from "../guest/clock-event.ts";
import type { WorkloadChoice } from "../guest/workload-choice.ts";
import type { FastpathName } from "./fastpaths.ts";
import type { KernelChoice } from "./kernel-choice.ts";
import type { PatchName } from "./patches.ts";

/** `auto` is what the kernel would do by itself. */
export type Switch = "auto" | "on" | "off";
export type Scenario = "public-cloud" | "enterprise-cloud";
/** `false`, `true` (all but CPU 0 and its sibling) or a CPU list such as "2-63". */
export type CpuList = boolean | string;
export type DisabledExit = "hlt" | "mwait" | "pause" | "cstate";

export interface MitigationSettings {
  /** `mitigations=` on the kernel command line. */
  readonly all: "auto" | "off";
  readonly taa: "auto" | "off";
  readonly mds: "auto" | "off";
  readonly l1tf: "auto" | "off" | "cond" | "always" | "never";
  readonly spectre_v2: "auto" | "off" | "retpoline" | "ibrs" | "eibrs" | "eibrs,retpoline" | "eibrs,lfence";
  readonly retbleed: "auto" | "off" | "ibrs" | "stuff" | "unret" | "ibpb";
  readonly meltdown: "auto" | "off";
  readonly mmio_stale_data: "auto" | "off";
  readonly vmscape: "auto" | "off" | "ibpb";
  readonly bhi: "auto" | "off" | "on" | "vmexit";
  readonly srso: "auto" | "off" | "microcode" | "safe-ret" | "ibpb" | "ibpb-vmexit";
  readonly tsa: "auto" | "off" | "on" | "user" | "vm";
  /** Indirect target selection. */
  readonly its: "auto" | "off" | "on" | "vmexit" | "stuff";
  /** Gather data sampling. */
  readonly gds: "auto" | "off" | "force";
  /** `off` is kvm.nx_huge_pages=never. */
  readonly itlb_multihit: "auto" | "off";
  readonly spec_store_bypass: "auto" | "off" | "prctl" | "seccomp";
  readonly microcode: "current" | "old";
  /** Guest and host values of SPEC_CTRL differ, so each entry and exit writes the MSR. */
  readonly spec_ctrl_toggle: Switch;
}

export interface MigrationSettings {
  /** MiB a second. */
  readonly max_bandwidth: number;
  /** Milliseconds in which what is left has to be sent, so that the VM is stopped for it. */
  readonly downtime_limit: number;
}

export interface GuestSpec {
  /** VMs of this kind. */
  readonly count: number;
  readonly vcpus: number;
  readonly workload: WorkloadChoice;
  /** QEMU -overcommit cpu-pm: `inherit` takes the host's key. */
  readonly cpu_pm: "inherit" | boolean;
  readonly apic: "x2apic" | "x2apic-cluster" | "xapic";
  /** Guest kernel's tick. */
  readonly hz: number;
  /** Guest tick stops when idle (CONFIG_NO_HZ_IDLE). */
  readonly nohz: boolean;
  readonly mitigations: "auto" | "off";
  readonly vpmu: boolean;
  readonly pku: boolean;
  /** Paravirtual features that KVM offers and the guest kernel uses. */
  readonly pv: { readonly ipi: boolean; readonly eoi: boolean; readonly haltpoll: boolean };
  readonly assigned_device: boolean;
  /** Scales the workload's demand. */
  readonly load: number;
  /** Each vCPU is pinned to a CPU of its own; otherwise they float over CPUs that they share. */
  readonly dedicated: boolean;
  /** Which physical CPUs the vCPUs take: a class, or a list such as "4-15". */
  readonly placement: string;
  /** `inherit` follows cpu_pm. */
  readonly disable_exits: "inherit" | readonly DisabledExit[];
  /** Guest kernel; decides whether the guest writes SPEC_CTRL. */
  readonly kernel: KernelChoice;
  /** Clock event device of the guest kernel. */
  readonly timer: GuestTimer;
  /** GiB. */
  readonly memory_gb: number;
  /** MiB a second that all its vCPUs dirty while they run; `auto` is the workload's. */
  readonly dirty_rate: "auto" | number;
}

export interface HostSpec {
  readonly cpu: CpuName;
  readonly ghz: number;
  readonly cpus: number;
  readonly kernel: KernelChoice;
  readonly patches: readonly PatchName[];
  readonly scenario: Scenario;
  readonly fastpath: Readonly<Record<FastpathName, Switch>>;
  readonly cpu_pm: boolean;
  readonly cmdline: { readonly nohz_full: CpuList; readonly isolcpus: CpuList; readonly idle: "default" | "poll" };
  readonly host_hz: number;
  /** Interrupts of devices and of the kernel itself on each CPU that is not nohz_full. */
  readonly device_interrupts_per_second: number;
  readonly smis_per_second: number;
  readonly cstates: "c0" | "c1" | "c6";
  readonly smt: boolean;
  /** The cores run at their all-core turbo instead of the base clock. */
  readonly turbo: boolean;
  readonly kvm: {
    readonly pi_inject_timer: Switch;
    readonly preemption_timer: Switch;
    readonly enable_apicv: Switch;
    readonly enable_ipiv: Switch;
    readonly avic: Switch;
    /** Hardware APIC-timer virtualization, as if CPU and kernel had it. */
    readonly apic_timer_virt: boolean;
    readonly pml: Switch;
    readonly halt_poll_ns: number;
    readonly halt_poll: "off" | "always" | "adaptive";
    readonly lapic_timer_advance: "auto" | "off" | "adaptive" | number;
  };
  readonly mitigations: MitigationSettings;
  readonly tsx: Switch;
  /** QEMU's parameters of a migration that leaves this host. */
  readonly migration: MigrationSettings;
  readonly guests: Readonly<Record<string, GuestSpec>>;
}
