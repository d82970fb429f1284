/**
 * What changing a key would take on a real host. The emulator applies all of them live; dry runs,
 * explanations and the list of changes say what production would have to go through.
 */
import type { GuestSpec, HostSpec } from "../kvm/host-spec.ts";

/** From the mildest to the hardest; a module reload stops all VMs of the host. */
export const EFFECTS = ["live", "vm_restart", "module_reload", "host_reboot"] as const;
export type Effect = (typeof EFFECTS)[number];

type EffectsOf<T> = {
  readonly [K in keyof T]: T[K] extends readonly unknown[] ? Effect : T[K] extends object ? EffectsOf<T[K]> : Effect;
};

/** Keys of one guest kind. Starting or stopping VMs of a kind disturbs no other VM. */
export const GUEST_EFFECTS = {
  count: "live",
  vcpus: "vm_restart",
  workload: "live",
  cpu_pm: "vm_restart",
  apic: "vm_restart",
  hz: "vm_restart",
  nohz: "vm_restart",
  mitigations: "vm_restart",
  vpmu: "vm_restart",
  pku: "vm_restart",
  pv: { ipi: "vm_restart", eoi: "vm_restart", haltpoll: "vm_restart" },
  assigned_device: "vm_restart",
  load: "live",
  // virsh vcpupin, both
  dedicated: "live",
  placement: "live",
  memory_gb: "vm_restart",
  dirty_rate: "live",
  // KVM_CAP_X86_DISABLE_EXITS only before vCPUs exist
  disable_exits: "vm_restart",
  kernel: "vm_restart",
  timer: "vm_restart",
} as const satisfies EffectsOf<GuestSpec>;

/** Keys of the host. */
export const HOST_EFFECTS = {
  cpu: "host_reboot",
  ghz: "host_reboot",
  cpus: "host_reboot",
  kernel: "host_reboot",
  patches: "host_reboot",
  scenario: "vm_restart",
  fastpath: {
    preemption_timer: "module_reload",
    tsc_deadline: "module_reload",
    icr: "module_reload",
    hlt: "module_reload",
    invd: "module_reload",
  },
  cpu_pm: "vm_restart",
  cmdline: { nohz_full: "host_reboot", isolcpus: "host_reboot", idle: "host_reboot" },
  host_hz: "host_reboot",
  // /proc/irq/*/smp_affinity, and what the devices have to do
  device_interrupts_per_second: "live",
  // firmware settings
  smis_per_second: "host_reboot",
  // cpuidle's `disable` files in sysfs
  cstates: "live",
  // /sys/devices/system/cpu/smt/control
  smt: "live",
  // /sys/devices/system/cpu/intel_pstate/no_turbo, cpufreq/boost
  turbo: "live",
  kvm: {
    // 0644, and the predicates look at it on every arming
    pi_inject_timer: "live",
    // 0444, all four
    preemption_timer: "module_reload",
    enable_apicv: "module_reload",
    enable_ipiv: "module_reload",
    avic: "module_reload",
    // another CPU
    apic_timer_virt: "host_reboot",
    pml: "module_reload",
    // 0644
    halt_poll_ns: "live",
    halt_poll: "live",
    // read when a vCPU's LAPIC is made
    lapic_timer_advance: "vm_restart",
  },
  mitigations: {
    all: "host_reboot",
    taa: "host_reboot",
    mds: "host_reboot",
    // kvm_intel.vmentry_l1d_flush is 0644
    l1tf: "live",
    spectre_v2: "host_reboot",
    retbleed: "host_reboot",
    meltdown: "host_reboot",
    mmio_stale_data: "host_reboot",
    vmscape: "host_reboot",
    bhi: "host_reboot",
    srso: "host_reboot",
    tsa: "host_reboot",
    its: "host_reboot",
    gds: "host_reboot",
    // kvm.nx_huge_pages is 0644
    itlb_multihit: "live",
    spec_store_bypass: "host_reboot",
    microcode: "host_reboot",
    // the guest's own choice of a value
    spec_ctrl_toggle: "vm_restart",
  },
  tsx: "host_reboot",
  // migrate-set-parameters
  migration: { max_bandwidth: "live", downtime_limit: "live" },
} as const satisfies EffectsOf<Omit<HostSpec, "guests">>;
