/** A complete host specification with sensible values, from the few keys that a test is about. */
import type { GuestSpec, HostSpec } from "../../src/kvm/host-spec.ts";

type Nested = "fastpath" | "cmdline" | "kvm" | "mitigations";
export type HostOverrides = Partial<Omit<HostSpec, Nested | "guests">> & { readonly [K in Nested]?: Partial<HostSpec[K]> } & {
  readonly guests?: Readonly<Record<string, Partial<GuestSpec>>>;
};

/** One guest of four vCPUs that runs the web workload, placed anywhere. */
export function guestSpec(overrides: Partial<GuestSpec> = {}): GuestSpec {
  return {
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
    pv: { ipi: true },
    assigned_device: false,
    load: 1,
    placement: "any",
    disable_exits: "inherit",
    kernel: "linux-5.8",
    ...overrides,
  };
}

/** A public-cloud Skylake on c84 with 64 CPUs and one guest, everything else automatic. */
export function hostSpec(overrides: HostOverrides = {}): HostSpec {
  const guests = overrides.guests ?? { web: {} };
  return {
    cpu: "skylake-sp",
    ghz: 2.5,
    cpus: 64,
    kernel: "c84",
    patches: [],
    scenario: "public-cloud",
    cpu_pm: false,
    host_hz: 250,
    cstates: "c6",
    smt: true,
    tsx: "auto",
    ...overrides,
    fastpath: { preemption_timer: "auto", tsc_deadline: "auto", icr: "auto", hlt: "auto", invd: "auto", ...overrides.fastpath },
    cmdline: { nohz_full: false, isolcpus: false, idle: "default", ...overrides.cmdline },
    kvm: {
      pi_inject_timer: "auto",
      preemption_timer: "auto",
      enable_apicv: "auto",
      enable_ipiv: "auto",
      avic: "auto",
      halt_poll_ns: 200_000,
      halt_poll: "adaptive",
      lapic_timer_advance: "auto",
      ...overrides.kvm,
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
      microcode: "current",
      spec_ctrl_toggle: "auto",
      ...overrides.mitigations,
    },
    guests: Object.fromEntries(Object.entries(guests).map(([kind, guest]) => [kind, guestSpec(guest)])),
  };
}
