/** A complete host specification from the few keys that a test is about; the rest are the configuration's defaults. */
import { completeHostSpec } from "../../src/config/defaults.ts";
import type { GuestSpec, HostSpec } from "../../src/kvm/host-spec.ts";

type Nested = "fastpath" | "cmdline" | "kvm" | "mitigations";
export type HostOverrides = Partial<Omit<HostSpec, Nested | "guests">> & { readonly [K in Nested]?: Partial<HostSpec[K]> } & {
  readonly guests?: Readonly<Record<string, Partial<GuestSpec>>>;
};

/** Four vCPUs, whatever the default of a configuration: room for IPIs. */
const VCPUS = 4;

/** One guest of four vCPUs that runs the web workload, placed anywhere. */
export function guestSpec(overrides: Partial<GuestSpec> = {}): GuestSpec {
  const { guest } = completeHostSpec({ guests: { guest: {} } }).guests;
  if (guest === undefined) throw new Error("the defaults complete a guest");
  return { ...guest, workload: "web", vcpus: VCPUS, ...overrides };
}

/** A public-cloud Skylake on c84 with 64 CPUs at 2.5 GHz and one guest, everything else by default. */
export function hostSpec(overrides: HostOverrides = {}): HostSpec {
  const { guests = { web: {} }, fastpath, cmdline, kvm, mitigations, ...rest } = overrides;
  const standard = completeHostSpec({ cpu: "skylake-sp", ghz: 2.5, cpus: 64, kernel: "c84" });
  return {
    ...standard,
    ...rest,
    fastpath: { ...standard.fastpath, ...fastpath },
    cmdline: { ...standard.cmdline, ...cmdline },
    kvm: { ...standard.kvm, ...kvm },
    mitigations: { ...standard.mitigations, ...mitigations },
    guests: Object.fromEntries(Object.entries(guests).map(([kind, guest]) => [kind, guestSpec(guest)])),
  };
}
