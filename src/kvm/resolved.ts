/**
 * A host specification after KVM's own set-up code has looked at it: module parameters with
 * their defaults resolved, fastpaths that are live, CPUs that are isolated, guests with the
 * exits they disabled. Each decision carries its reason, which `explain` prints.
 */
import type { CpuModel, Vulnerability } from "../hw/cpu-model.ts";
import type { HeldInhibit } from "./apicv-inhibit.ts";
import type { TimerMode } from "./counters.ts";
import type { FastpathName } from "./fastpaths.ts";
import type { GuestSpec, HostSpec } from "./host-spec.ts";
import type { KernelTraits } from "./kernel.ts";
import type { Kernel } from "./kernel-from-commits.ts";
import type { EntryWork, VulnerabilityStatus } from "./mitigation.ts";

export interface Decided<T> {
  readonly value: T;
  /** One sentence in the kernel's terms. */
  readonly why: string;
}

export interface FastpathDecision extends Decided<boolean> {
  /** The exit counts as capable here: the kernel has the fastpath or a backport of it is known. */
  readonly capable: boolean;
  /** Cause of a miss when it is off. */
  readonly missCause: "kernel_lacks_it" | "turned_off";
}

/** Halt polling of the host kernel (module kvm). */
export interface HaltPollSettings {
  readonly mode: "off" | "always" | "adaptive";
  readonly maxNs: number;
  readonly grow: number;
  readonly growStartNs: number;
  readonly shrink: number;
  /** A window that would shrink below this is closed. */
  readonly shrinkFloorNs: number;
}

export interface TimerAdvanceSettings {
  readonly mode: "off" | "fixed" | "stepwise" | "adaptive";
  /** The fixed advance, or the first one of an automatic mode. */
  readonly ns: number;
}

/** One VM. */
export interface ResolvedGuest {
  /** Key in the specification, and number among its `count`: web-1. */
  readonly name: string;
  readonly kind: string;
  readonly spec: GuestSpec;
  readonly hltInGuest: boolean;
  readonly mwaitInGuest: boolean;
  readonly pauseInGuest: boolean;
  /** kvm_vcpu_apicv_active; false when a reason below holds. */
  readonly apicvActive: Decided<boolean>;
  readonly apicvInhibits: readonly HeldInhibit[];
  /** The guest kernel writes SPEC_CTRL, so KVM switches it. */
  readonly usesSpecCtrl: Decided<boolean>;
  /** KVM writes SPEC_CTRL at each entry and exit. */
  readonly specCtrlDiffers: Decided<boolean>;
  /** Physical CPU of each vCPU: its own, or where one that shares CPUs starts. */
  readonly cpus: readonly number[];
  /** CPUs that its vCPUs share and float over, ascending; null when each has one of its own. */
  readonly sharedCpus: readonly number[] | null;
  /** Predicates of the first vCPU; with `timer-pi-per-vcpu` others may differ. */
  readonly canPostTimer: Decided<boolean>;
  readonly canUseHvTimer: Decided<boolean>;
  readonly canVirtualizeTimer: Decided<boolean>;
  readonly timerMode: Decided<TimerMode>;
}

export interface ResolvedHost {
  readonly spec: HostSpec;
  readonly cpu: CpuModel;
  readonly tscHz: number;
  readonly kernel: Kernel;
  /** The kernel's traits with the patches applied. */
  readonly traits: KernelTraits;
  /** Per physical CPU: its tick and timers were moved away (HK_TYPE_TIMER does not contain it). */
  readonly nohzFull: readonly boolean[];
  /** Per physical CPU: in no scheduling domain (HK_TYPE_DOMAIN does not contain it), so nothing balances there. */
  readonly noDomain: readonly boolean[];
  /** Per physical CPU: isolcpus= or nohz_full= keeps the host's own threads away. */
  readonly isolated: readonly boolean[];
  readonly piInjectTimer: Decided<boolean>;
  readonly preemptionTimer: Decided<boolean>;
  /** APICv on Intel, AVIC on AMD. */
  readonly apicv: Decided<boolean>;
  readonly x2avic: Decided<boolean>;
  readonly ipiVirtualization: Decided<boolean>;
  /** Hardware APIC-timer virtualization. */
  readonly apicTimerVirt: Decided<boolean>;
  /** kvm_intel.pml. */
  readonly pml: Decided<boolean>;
  readonly fastpath: Readonly<Record<FastpathName, FastpathDecision>>;
  readonly haltPoll: HaltPollSettings;
  readonly timerAdvance: Decided<TimerAdvanceSettings>;
  readonly vulnerabilities: Readonly<Record<Vulnerability, VulnerabilityStatus>>;
  readonly entryWork: EntryWork;
  readonly guests: readonly ResolvedGuest[];
}

/** A specification that cannot be emulated: says which key, what was expected and what came. */
export class SpecError extends Error {
  override name = "SpecError";
  /** Path of the key below the host specification, such as ["guests", "web", "vcpus"]. */
  readonly path: readonly (string | number)[];
  constructor(path: readonly (string | number)[], message: string) {
    super(message);
    this.path = path;
  }
}
