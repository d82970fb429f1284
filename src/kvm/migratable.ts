/**
 * Whether a VM can move to another host: whatever its guest saw when it booted has to be there as
 * well. The guest's CPU is that of the host it belongs to (`-cpu host`, libvirt's host-passthrough:
 * assumed of all), so only hosts of the same model take it in, and only with the features that its
 * CPUID has. What it cannot see does not matter: fastpaths, APICv, who fires its timer.
 *
 * QEMU target/i386/cpu.c x86_cpu_filter_features, migration/migration.c migrate_prepare; Linux
 * arch/x86/kvm/x86.c kvm_set_tsc_khz, kvm_can_mwait_in_guest. Simplified: paravirtual features are those of the
 * guest's own keys; PV EOIs and PV IPIs are offered by every kernel of the catalogue (assumed of 4.18.0-147), and one that the
 * guest's home lacks is used where it comes to. The TSC's frequency is taken to be asked for
 * by name (`tsc-frequency=`, as libvirt does), for otherwise QEMU only warns and lets the guest's clock go wrong.
 */
import type { Direction } from "./counters.ts";
import { disabledExits } from "./disabled-exits.ts";
import { liveFastpaths } from "./explain-guest.ts";
import type { ResolvedGuest, ResolvedHost } from "./resolved.ts";
import { hasRtm } from "./rtm.ts";

/** How a move changes which of the timer's and the ICR's fastpaths a guest has. */
export function directionOf(from: ResolvedHost, before: ResolvedGuest, to: ResolvedHost, after: ResolvedGuest): Direction {
  const gained = liveFastpaths(to, after) - liveFastpaths(from, before);
  return gained === 0 ? "same" : gained < 0 ? "fast_to_slow" : "slow_to_fast";
}

/**
 * Why a guest cannot go to a host; null when it can.
 * @param home the host it belongs to, whose CPU it sees.
 * @param tscHz the frequency of its TSC.
 */
export function whyNotMigratable(home: ResolvedHost, guest: ResolvedGuest, tscHz: number, to: ResolvedHost): string | null {
  if (home.cpu.vendor !== to.cpu.vendor) return `the guest runs on ${home.cpu.vendor}, the destination is ${to.cpu.vendor}`;
  if (home.cpu.name !== to.cpu.name) return `CPUID: the guest sees its host's CPU, ${home.cpu.name}, the destination is ${to.cpu.name}`;
  const missing = FEATURES.find(({ has, isUsedBy }) => has(home) && !has(to) && (isUsedBy?.(guest) ?? true));
  if (missing !== undefined) return `CPUID: the guest sees ${missing.name}, which the destination lacks: ${missing.why}`;
  if (Math.abs(tscHz - to.tscHz) > to.tscHz * TSC_TOLERANCE && !to.cpu.hasTscScaling) {
    return `the guest's TSC ticks at ${tscHz / 1e9} GHz, the destination's at ${to.tscHz / 1e9}, and ${to.cpu.name} has no TSC scaling`;
  }
  if (guest.mwaitInGuest && !disabledExits(guest.spec, to.spec, to.cpu, to.traits).mwaitInGuest) {
    return "MWAIT: cpu-pm showed it to the guest, and the destination cannot give it (MWAIT or ARAT is missing)";
  }
  if (guest.spec.assigned_device) return "a device is assigned to the guest (VFIO), and its state cannot be moved";
  return null;
}

/** kvm.tsc_tolerance_ppm: so far a guest's TSC may be off without being scaled. Simplified: its time is right all the same. */
const TSC_TOLERANCE = 250e-6;

interface Feature {
  readonly name: string;
  readonly why: string;
  readonly has: (host: ResolvedHost) => boolean;
  /** Guests to which it matters; without it all. */
  readonly isUsedBy?: (guest: ResolvedGuest) => boolean;
}

/** What a host with a CPU of one model has or lacks by its microcode, its kernel's command line, and its kernel. */
const FEATURES: readonly Feature[] = [
  { name: "TSX (hle, rtm)", why: "tsx=off", has: hasRtm },
  {
    name: "MD_CLEAR and ARCH_CAPABILITIES",
    why: "old microcode",
    has: ({ cpu, spec }) => cpu.vendor === "intel" && spec.mitigations.microcode === "current",
  },
  {
    // Its MSR comes with the guest, and QEMU ends when KVM_SET_MSRS refuses one (kvm_buf_set_msrs).
    name: "KVM_FEATURE_POLL_CONTROL",
    why: "its kernel has no MSR_KVM_POLL_CONTROL (5.3)",
    has: ({ traits }) => traits.pollControl === "present",
    isUsedBy: ({ spec }) => spec.pv.haltpoll,
  },
];
