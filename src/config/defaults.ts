/**
 * What a host is when the configuration says nothing, and how a partial specification becomes a
 * whole one: built-in defaults, then the preset of its scenario, then its own keys.
 */
import { HOST_INTERRUPTS_PER_SECOND } from "../kvm/device-interrupts.ts";
import type { WorkloadChoice } from "../guest/workload-choice.ts";
import { CPUS } from "../hw/cpus.ts";
import type { GuestSpec, HostSpec, Scenario } from "../kvm/host-spec.ts";
import type { KernelChoice } from "../kvm/kernel-choice.ts";
import { SpecError } from "../kvm/resolved.ts";
import type { GuestSpecPatch, HostSpecPatch, Patch } from "./host-schema.ts";
import { type ConfigMap, isMap, ownValue } from "./merge.ts";
import { NO_OWN, type Own } from "./own.ts";
import { kernelNamed, type OwnKernels } from "./own-kernels.ts";
import { workloadNamed } from "./own-workloads.ts";

/** A guest when its map says nothing. */
const GUEST_DEFAULTS: GuestSpec = {
  count: 1,
  vcpus: 4,
  workload: "web",
  cpu_pm: "inherit",
  apic: "x2apic",
  hz: 250,
  nohz: true,
  mitigations: "auto",
  vpmu: true,
  pku: true,
  pv: { ipi: true, eoi: true, haltpoll: false },
  assigned_device: false,
  load: 1,
  dedicated: true,
  placement: "any",
  disable_exits: "inherit",
  kernel: "linux-5.8",
  timer: "tsc_deadline",
  memory_gb: 8,
  dirty_rate: "auto",
};

/** A host when nothing is said. `ghz` follows the CPU model and is filled in on completion. */
export const HOST_DEFAULTS: Omit<HostSpec, "ghz" | "guests"> = {
  cpu: "skylake-sp",
  cpus: 64,
  kernel: "c84",
  patches: [],
  scenario: "public-cloud",
  fastpath: { preemption_timer: "auto", tsc_deadline: "auto", icr: "auto", hlt: "auto", invd: "auto" },
  cpu_pm: false,
  cmdline: { nohz_full: false, isolcpus: false, idle: "default" },
  host_hz: 250,
  device_interrupts_per_second: HOST_INTERRUPTS_PER_SECOND.housekeeping,
  smis_per_second: 0,
  cstates: "c6",
  smt: true,
  turbo: false,
  kvm: {
    pi_inject_timer: "auto",
    preemption_timer: "on",
    enable_apicv: "on",
    enable_ipiv: "auto",
    avic: "auto",
    apic_timer_virt: false,
    pml: "auto",
    halt_poll_ns: 200_000,
    halt_poll: "adaptive",
    lapic_timer_advance: "auto",
  },
  mitigations: {
    all: "auto",
    taa: "auto",
    mds: "auto",
    l1tf: "auto",
    spectre_v2: "auto",
    retbleed: "auto",
    meltdown: "auto",
    mmio_stale_data: "auto",
    vmscape: "auto",
    bhi: "auto",
    srso: "auto",
    tsa: "auto",
    its: "auto",
    gds: "auto",
    itlb_multihit: "auto",
    spec_store_bypass: "auto",
    microcode: "current",
    spec_ctrl_toggle: "auto",
  },
  tsx: "auto",
  // QEMU's own limit of the downtime; the bandwidth is assumed: a link of 10 Gbit/s that libvirt does not limit.
  migration: { max_bandwidth: 1100, downtime_limit: 300 },
};

interface Preset {
  readonly doc: string;
  readonly preset: Patch<typeof HOST_DEFAULTS>;
  /** What it changes of a guest's defaults. */
  readonly guest: Partial<GuestSpec>;
}

/** What a scenario changes of the defaults. */
const SCENARIOS: Readonly<Record<Scenario, Preset>> = {
  "public-cloud": {
    doc: "Dedicated, pinned vCPUs; HLT is intercepted, so cpu-pm is off.",
    preset: { cpu_pm: false },
    guest: { dedicated: true },
  },
  "enterprise-cloud": {
    doc: "vCPUs share CPUs. cpu-pm is offered, and off until a host or a guest asks for it; the vendor's kernels then post timers (pi_inject_timer: auto is 1).",
    preset: { cpu_pm: false },
    guest: { dedicated: false },
  },
};

/** Lays a partial value over a complete one: a null or missing key keeps the default. */
function complete<T extends object>(defaults: T, patch: ConfigMap): T {
  const whole: Record<string, unknown> = {};
  for (const [key, standard] of Object.entries(defaults)) {
    const said = ownValue(patch, key);
    if (said === undefined || said === null) whole[key] = standard;
    else whole[key] = isMap(standard) && isMap(said) ? complete(standard, said) : said;
  }
  return whole as T;
}

/** A kernel that is said by name, as a value; `where` is the key that says it. */
function kernelSaid(name: string | null | undefined, standard: KernelChoice, own: OwnKernels, where: readonly string[]): KernelChoice {
  if (name === null || name === undefined) return standard;
  const kernel = kernelNamed(name, own);
  if (kernel === undefined) throw new SpecError(where, `expected a kernel that exists, came ${JSON.stringify(name)}`);
  return kernel;
}

/** The same for a workload. */
function workloadSaid(name: string | null | undefined, standard: WorkloadChoice, own: Own, where: readonly string[]): WorkloadChoice {
  if (name === null || name === undefined) return standard;
  const workload = workloadNamed(name, own.workloads);
  if (workload === undefined) throw new SpecError(where, `expected a workload that exists, came ${JSON.stringify(name)}`);
  return workload;
}

type GuestPatches = Readonly<Record<string, GuestSpecPatch | null | undefined>>;

function completeGuests(guests: GuestPatches, standard: GuestSpec, own: Own): Record<string, GuestSpec> {
  const whole: Record<string, GuestSpec> = {};
  for (const [name, guest] of Object.entries(guests)) {
    if (guest === null || guest === undefined) continue;
    const kernel = kernelSaid(guest.kernel, standard.kernel, own.kernels, ["guests", name, "kernel"]);
    const workload = workloadSaid(guest.workload, standard.workload, own, ["guests", name, "workload"]);
    whole[name] = { ...complete(standard, guest), kernel, workload };
  }
  return whole;
}

/**
 * Completes a partial specification with the scenario's preset and the defaults.
 * @param own kernels and workloads that it may name besides those of the catalogue.
 */
export function completeHostSpec(patch: HostSpecPatch, own: Own = NO_OWN): HostSpec {
  const scenario = patch.scenario ?? HOST_DEFAULTS.scenario;
  const { preset, guest } = SCENARIOS[scenario];
  const standard = complete(HOST_DEFAULTS, preset);
  const { cpu, ...rest } = complete(standard, patch);
  const kernel = kernelSaid(patch.kernel, standard.kernel, own.kernels, ["kernel"]);
  return {
    cpu,
    ghz: patch.ghz ?? CPUS[cpu].baseGhz,
    ...rest,
    kernel,
    guests: completeGuests(patch.guests ?? {}, { ...GUEST_DEFAULTS, ...guest }, own),
  };
}
