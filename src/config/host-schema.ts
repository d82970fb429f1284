/**
 * The schema of a host specification as people write it: every key optional, `null` takes a key
 * back to its default. It reads the body of a group, of `defaults`, of an override's `set`, of
 * a merge patch and of the files that commands take; `defaults.ts` completes it.
 */
import * as z from "zod";
import { CPU_NAMES } from "../hw/cpus.ts";
import type { FastpathName } from "../kvm/fastpaths.ts";
import type { GuestSpec, HostSpec, MitigationSettings } from "../kvm/host-spec.ts";
import { PATCH_NAMES } from "../kvm/patches.ts";
import { kernelName } from "./kernel-schema.ts";
import { workloadName } from "./workload-schema.ts";
import { decimal, flag, integer, isolatedCpus, modeOf, name, oneNumberOf, oneOf, placement, timerAdvance, toggle } from "./scalars.ts";

/** A partial value of the same shape, with null for "back to the default". */
export type Patch<T> = T extends readonly unknown[]
  ? T
  : T extends object
    ? { readonly [K in keyof T]?: Patch<T[K]> | null | undefined }
    : T;
/** Kernels and workloads are said by name; a complete specification carries those of one's own as values. */
type ByName<T> = Omit<T, "kernel"> & { readonly kernel: string };
type GuestByName = Omit<ByName<GuestSpec>, "workload"> & { readonly workload: string };
export type GuestSpecPatch = Patch<GuestByName>;
export type HostSpecPatch = Patch<ByName<Omit<HostSpec, "guests">> & { readonly guests: Readonly<Record<string, GuestByName>> }>;

const key = <T extends z.ZodType>(schema: T, doc: string) => schema.nullable().optional().describe(doc);
/** A map; in the JSON Schema it is written once, under its id. */
const section = <T extends z.ZodRawShape>(id: string, shape: T) => z.strictObject(shape).meta({ id });

const uniquePatches = z
  .array(oneOf(PATCH_NAMES))
  .refine((patches) => new Set(patches).size === patches.length, { error: "expected each patch once" });

const pvShape = {
  ipi: key(flag, "PV_SEND_IPI: IPIs to many vCPUs go by hypercall, 128 APIC IDs each"),
  eoi: key(flag, "PV_EOI: without APICv most ends of interrupts are a bit in memory instead of an exit"),
  haltpoll: key(flag, "POLL_CONTROL: the guest polls before it halts (cpuidle-haltpoll), and the host, from 5.3, does not"),
} satisfies Record<keyof GuestSpec["pv"], z.ZodType>;

const guestShape = {
  count: key(integer(0, 1000), "VMs of this kind"),
  vcpus: key(integer(1, 1024), "vCPUs of each VM; of a dedicated one at most the host's cpus"),
  workload: key(workloadName, "What the guest runs"),
  cpu_pm: key(
    z.union([z.literal("inherit"), flag], { error: "expected inherit | true | false" }),
    "QEMU -overcommit cpu-pm of these VMs; inherit takes the host's key",
  ),
  apic: key(oneOf(["x2apic", "x2apic-cluster", "xapic"]), "APIC mode of the guest: x2apic is physical, x2apic-cluster is logical"),
  hz: key(oneNumberOf([100, 250, 300, 1000]), "Tick of the guest kernel"),
  nohz: key(flag, "The guest's tick stops when a vCPU is idle"),
  mitigations: key(modeOf(["auto", "off"]), "mitigations= on the guest's own command line"),
  vpmu: key(flag, "A virtual PMU is exposed"),
  pku: key(flag, "Protection keys are exposed"),
  pv: key(section("pv", pvShape), "Paravirtual features that KVM offers and the guest kernel uses"),
  assigned_device: key(flag, "The device that brings its requests is passed through (VFIO): doorbells do not exit"),
  load: key(decimal(0, 100), "Scales the workload's demand; 1 is the workload as its file has it"),
  dedicated: key(flag, "A CPU of its own for each vCPU; false: they float over CPUs that they share. Default: true in the public cloud"),
  placement: key(placement, "Physical CPUs that the vCPUs take: a class, or a list"),
  disable_exits: key(
    z.union([z.literal("inherit"), z.array(oneOf(["hlt", "mwait", "pause", "cstate"]))], {
      error: "expected inherit | a list of hlt, mwait, pause, cstate",
    }),
    "Exits that KVM leaves to the guest; inherit follows cpu_pm",
  ),
  kernel: key(kernelName, "Guest kernel"),
  timer: key(
    oneOf(["tsc_deadline", "lapic", "hv_stimer"]),
    "Clock event device of the guest: TSC deadline, the LAPIC timer's count, or Hyper-V's synthetic timer",
  ),
  memory_gb: key(decimal(0.01, 24_576), "Memory, GiB (QEMU -m)"),
  dirty_rate: key(
    z.union([z.literal("auto"), z.number().min(0, { abort: true }).max(1_000_000, { abort: true })], {
      error: "expected auto | MiB a second from 0 to 1000000",
    }),
    "MiB a second that its vCPUs dirty while all of them run (QEMU calc-dirty-rate); auto is the workload's",
  ),
} satisfies Record<keyof GuestSpec, z.ZodType>;

const guest = section("guest", guestShape);

const mitigationShape = {
  all: key(modeOf(["auto", "off"]), "mitigations= on the host's command line"),
  taa: key(modeOf(["auto", "off"]), "TSX asynchronous abort"),
  mds: key(modeOf(["auto", "off"]), "Microarchitectural data sampling"),
  l1tf: key(modeOf(["auto", "off", "cond", "always", "never"]), "L1 terminal fault; a mode is kvm-intel.vmentry_l1d_flush"),
  spectre_v2: key(modeOf(["auto", "off", "retpoline", "ibrs", "eibrs", "eibrs,retpoline", "eibrs,lfence"]), "Branch target injection"),
  retbleed: key(
    modeOf(["auto", "off", "ibrs", "stuff", "unret", "ibpb"]),
    "Arbitrary speculation through returns: ibrs or stuff (call depth tracking) on Intel, unret or ibpb on AMD",
  ),
  meltdown: key(modeOf(["auto", "off"]), "Page-table isolation"),
  mmio_stale_data: key(modeOf(["auto", "off"]), "Processor MMIO stale data"),
  vmscape: key(modeOf(["auto", "off", "ibpb"]), "Guest to host user space: a barrier before returning to QEMU"),
  bhi: key(modeOf(["auto", "off", "on", "vmexit"]), "Branch history injection"),
  srso: key(modeOf(["auto", "off", "microcode", "safe-ret", "ibpb", "ibpb-vmexit"]), "Speculative return stack overflow, AMD"),
  tsa: key(modeOf(["auto", "off", "on", "user", "vm"]), "Transient scheduler attacks, AMD"),
  its: key(modeOf(["auto", "off", "on", "vmexit", "stuff"]), "Indirect target selection"),
  gds: key(modeOf(["auto", "off", "force"]), "Gather data sampling; force turns AVX off where the microcode has no fix"),
  itlb_multihit: key(modeOf(["auto", "off"]), "iTLB multihit; off is kvm.nx_huge_pages=never"),
  spec_store_bypass: key(modeOf(["auto", "off", "prctl", "seccomp"]), "Speculative store bypass"),
  microcode: key(oneOf(["current", "old"]), "old lacks what the mitigations need"),
  spec_ctrl_toggle: key(toggle, "Guest and host values of SPEC_CTRL differ, so each entry and exit writes the MSR"),
} satisfies Record<keyof MitigationSettings, z.ZodType>;

const fastpathShape = {
  preemption_timer: key(toggle, "Fastpath of PREEMPTION_TIMER exits"),
  tsc_deadline: key(toggle, "Fastpath of writes to TSC_DEADLINE"),
  icr: key(toggle, "Fastpath of writes to the x2APIC ICR"),
  hlt: key(toggle, "Fastpath of HLT with a wake event pending"),
  invd: key(toggle, "Fastpath of INVD"),
} satisfies Record<FastpathName, z.ZodType>;

const kvmShape = {
  pi_inject_timer: key(toggle, "kvm.pi_inject_timer: housekeeping CPUs post timer interrupts"),
  preemption_timer: key(toggle, "kvm-intel.preemption_timer: the VMX preemption timer stands in for an hrtimer"),
  enable_apicv: key(toggle, "kvm-intel.enable_apicv"),
  enable_ipiv: key(toggle, "kvm-intel.enable_ipiv: IPI virtualization; kvm-amd.enable_ipiv from 6.18 on"),
  avic: key(toggle, "kvm-amd.avic: the virtual APIC of AMD hosts"),
  pml: key(toggle, "kvm-intel.pml: page-modification logging while a VM is migrated"),
  apic_timer_virt: key(flag, "Hardware APIC-timer virtualization, as if every Intel CPU and kernel had it"),
  halt_poll_ns: key(integer(0, 10_000_000), "kvm.halt_poll_ns: longest polling before a vCPU blocks"),
  halt_poll: key(modeOf(["off", "always", "adaptive"]), "Shape of halt polling"),
  lapic_timer_advance: key(timerAdvance, "How much too early a timer fires, so that the entry is paid before the deadline"),
} satisfies Record<keyof HostSpec["kvm"], z.ZodType>;

const cmdlineShape = {
  nohz_full: key(isolatedCpus, "nohz_full=: false, true (all but CPU 0 and its sibling) or a list"),
  isolcpus: key(isolatedCpus, "isolcpus=: false, true (all but CPU 0 and its sibling) or a list"),
  idle: key(oneOf(["default", "poll"]), "idle="),
} satisfies Record<keyof HostSpec["cmdline"], z.ZodType>;

const migrationShape = {
  max_bandwidth: key(
    decimal(1, 1_000_000),
    "max-bandwidth, MiB a second: QEMU's parameter, or what the link gives; the slower side counts",
  ),
  downtime_limit: key(integer(1, 2_000_000), "downtime-limit, milliseconds: the VM is stopped when what is left can be sent within it"),
} satisfies Record<keyof HostSpec["migration"], z.ZodType>;

/** The keys of a host specification; a group has them beside its own. */
export const hostShape = {
  cpu: key(oneOf(CPU_NAMES), "CPU model of the host"),
  ghz: key(decimal(0.5, 6), "Base frequency; default: the model's"),
  cpus: key(integer(1, 1024), "Physical CPUs (hardware threads)"),
  kernel: key(kernelName, "Host kernel"),
  patches: key(uniquePatches, "Backports on top of the kernel, by name"),
  scenario: key(oneOf(["public-cloud", "enterprise-cloud"]), "A preset that the other keys override"),
  fastpath: key(section("fastpath", fastpathShape), "auto (what the kernel has), on (as if backported) or off"),
  cpu_pm: key(flag, "QEMU -overcommit cpu-pm=on, for guests that do not say otherwise"),
  cmdline: key(section("cmdline", cmdlineShape), "Kernel command line"),
  host_hz: key(oneNumberOf([100, 250, 300, 1000]), "Tick of the host kernel"),
  device_interrupts_per_second: key(
    integer(0, 10_000),
    "Interrupts of devices and of the kernel itself a second, on each CPU that is not nohz_full",
  ),
  smis_per_second: key(decimal(0, 1000), "System-management interrupts a second: firmware takes all CPUs at once (MSR_SMI_COUNT)"),
  cstates: key(oneOf(["c0", "c1", "c6"]), "Deepest C-state allowed"),
  smt: key(flag, "Hyper-threading"),
  turbo: key(flag, "The cores run at the model's all-core turbo instead of the base clock, which the TSC keeps"),
  kvm: key(section("kvm", kvmShape), "Module parameters of kvm and kvm-intel"),
  mitigations: key(section("mitigation", mitigationShape), "CPU vulnerabilities: auto, off or a mode"),
  tsx: key(toggle, "tsx="),
  migration: key(section("migration", migrationShape), "QEMU's parameters of a migration that leaves the host"),
  guests: key(z.record(name, guest.nullable()), "Guests by name; null removes one"),
} satisfies Record<keyof HostSpec, z.ZodType>;

/** A partial host specification: also what a merge patch may say. */
export const hostPatchSchema = section("host", hostShape);
