/** What kind of host a capture came from, as far as its exits tell; the rest is a host of defaults. */
import type { Capture } from "../fleet/capture/capture.ts";
import { countOf, expiresAsInterrupt } from "../fleet/imitation/span.ts";
import type { HostSpecPatch } from "./host-schema.ts";

/** A kernel that traces every exit whole, with all fastpaths of the timer, and hosts of the default's kind. */
const KERNEL = "linux-6.6";
const AMD = "epyc-milan";
/** Before APICv and the preemption timer of KVM (4.7): what such a host did, this one can be told to do. */
const OLD_KERNEL = "linux-4.18";
/** Room for the guest beside the host's own CPUs. */
const CPUS = { least: 64, spare: 4 };

/** A specification with one guest of the name, running the workload. */
export function hostOfCapture(capture: Capture, guest: string, workload: string, vcpus: number): HostSpecPatch {
  const cpus = Math.max(CPUS.least, vcpus + CPUS.spare);
  const room = cpus === CPUS.least ? {} : { cpus };
  const on = capture.vendor === "amd" ? amdHost(capture) : intelHost(capture);
  return { ...on.host, ...room, guests: { [guest]: { vcpus, ...on.guest, workload } } };
}

interface Host {
  readonly host: HostSpecPatch;
  readonly guest: NonNullable<NonNullable<HostSpecPatch["guests"]>[string]>;
}

function intelHost(capture: Capture): Host {
  // An APIC page that is intercepted: no APICv, and the timer's count instead of the deadline.
  if (countOf(capture, "APIC_ACCESS") > 0) {
    const kvm = { enable_apicv: "off", preemption_timer: "off" } as const;
    return { host: { kernel: OLD_KERNEL, kvm }, guest: { apic: "xapic", timer: "lapic" } };
  }
  const kvm = {
    ...(countOf(capture, "INTERRUPT_WINDOW") > 0 ? ({ enable_apicv: "off" } as const) : {}),
    ...(expiresAsInterrupt(capture) ? ({ preemption_timer: "off" } as const) : {}),
  };
  const apic = countOf(capture, "APIC_WRITE") > 0 ? ({ apic: "xapic" } as const) : {};
  return { host: { kernel: KERNEL, ...(Object.keys(kvm).length > 0 ? { kvm } : {}) }, guest: apic };
}

function amdHost(capture: Capture): Host {
  const avic = countOf(capture, "avic_incomplete_ipi", "avic_unaccelerated_access") > 0;
  return { host: { cpu: AMD, kernel: KERNEL, ...(avic ? { kvm: { avic: "on" } as const } : {}) }, guest: {} };
}
