/**
 * What an imitation turns: a guest's behaviour as a workload has it, in the few quantities that the
 * counts of exits determine.
 */
import { QUIET, type BackgroundOperation, type Workload } from "../../guest/workload.ts";
import type { Vendor } from "../../hw/cpu-model.ts";
import type { GuestSpec, HostSpec } from "../../kvm/host-spec.ts";
import { otherName, idleShare, rateOf, shareOf, type Mix } from "./mix.ts";

export interface Knobs {
  /** Wake-ups with work, and wake-ups after which the vCPU halts again at once, per second and vCPU. */
  readonly requests: number;
  readonly quiet: number;
  /** IPIs that wake another vCPU at the end of a piece of work, per second and vCPU. */
  readonly ipis: number;
  /** IPIs that preempt what runs on another vCPU, per second and vCPU. */
  readonly preempts: number;
  readonly busyVcpus: number;
  readonly workNs: number;
  /** Expiries of a periodic timer per second and vCPU. */
  readonly timers: number;
  /** A guest that touches debug registers at context switches is Windows: Linux does not. */
  readonly windows: boolean;
  /** Per second of guest compute. */
  readonly background: Readonly<Record<BackgroundOperation, number>>;
}

/** Exits that one operation of the guest causes by itself, and nothing else does. */
const BACKGROUND: Readonly<Record<Vendor, Partial<Record<BackgroundOperation, string>>>> = {
  intel: {
    cpuid: "CPUID",
    port_io: "IO_INSTRUCTION",
    page_fault: "EPT_VIOLATION",
    pause_loop: "PAUSE_INSTRUCTION",
    level_eoi: "EOI_INDUCED",
    hypercall: "VMCALL",
    debug_register: "DR_ACCESS",
    other: otherName("intel"),
  },
  // Nested page faults are one reason, whatever was touched.
  amd: {
    cpuid: "cpuid",
    port_io: "io",
    page_fault: "npf",
    pause_loop: "pause",
    hypercall: "hypercall",
    debug_register: "write_dr7",
    other: otherName("amd"),
  },
};
export const backgroundOf = (vendor: Vendor): readonly (readonly [BackgroundOperation, string])[] =>
  Object.entries(BACKGROUND[vendor]) as [BackgroundOperation, string][];

/** Share of DR_ACCESS from which on the guest is taken for Windows. */
const WINDOWS_SHARE = 0.005;

/** What makes writes that neither timers nor wake-ups explain, and how many writes each of it makes. */
export function surplusOf({ windows }: Knobs, { apic }: GuestSpec): { operation: BackgroundOperation; writes: number } {
  // A deferred call of Windows is a self-IPI by Hyper-V's MSRs, and its EOI another write.
  if (windows) return { operation: "self_ipi", writes: 2 };
  return { operation: apic === "xapic" ? "apic_register" : "other_msr", writes: 1 };
}

/** A vCPU that never halts does its work in pieces of this length at least. */
export const BUSY_WORK_NS = 100_000;

/** MMIO that QEMU handles and doorbells are one reason of VMX; their handling times tell them apart (microseconds, assumed). */
const DOORBELL_US = 1;
const MMIO_US = 10;
export const mmioShare = (avgUs: number | undefined): number =>
  avgUs === undefined ? 0 : Math.min(1, Math.max(0, (avgUs - DOORBELL_US) / (MMIO_US - DOORBELL_US)));

/** perf's names on the host of the imitation: what a write to a register of the APIC is, and what a HLT. */
export interface Names {
  readonly write: string;
  readonly halt: string;
}

export function namesOn(vendor: Vendor, spec: HostSpec, guest: GuestSpec): Names {
  if (vendor === "amd") return { write: guest.apic === "xapic" ? "npf" : "msr", halt: "hlt" };
  if (guest.apic !== "xapic") return { write: "MSR_WRITE", halt: "HLT" };
  return { write: spec.kvm.enable_apicv === "off" ? "APIC_ACCESS" : "APIC_WRITE", halt: "HLT" };
}

/** Share of its time that a vCPU computes; where the capture has no times, from the ticks that found it running. */
function busyShare(mix: Mix, ticking: number): number {
  const idle = idleShare(mix);
  return Math.min(1, Math.max(0.01, idle === null ? ticking : 1 - idle));
}

/**
 * A first guess; the fit corrects it.
 * @param ticking share of a vCPU's time in which ticks found it running.
 */
export function firstKnobs(mix: Mix, guest: GuestSpec, names: Names, ticking: number): Knobs {
  const busy = busyShare(mix, ticking);
  const halts = rateOf(mix, names.halt);
  const busyVcpus = busyVcpusOf(mix, guest, busy, halts);
  const left = Math.max(0.005, busy - busyVcpus / guest.vcpus);
  const background: Record<BackgroundOperation, number> = { ...QUIET.background };
  for (const [operation, reason] of backgroundOf(mix.vendor)) background[operation] = rateOf(mix, reason) / busy;
  const share = mmioShare(mix.avgUs.get("EPT_MISCONFIG"));
  background.mmio = (rateOf(mix, "EPT_MISCONFIG") * share) / busy;
  background.doorbell = (rateOf(mix, "EPT_MISCONFIG") * (1 - share)) / busy;
  const workNs = Math.min(1e8, Math.max(busyVcpus > 0 ? BUSY_WORK_NS : 500, (left / Math.max(halts, 1)) * 1e9));
  const windows = shareOf(mix, "DR_ACCESS") > WINDOWS_SHARE;
  return { requests: halts, quiet: 0, ipis: 0, preempts: 0, busyVcpus, workNs, timers: 0, windows, background };
}

/**
 * vCPUs that never halt. Where sleeps are shorter than a tick, or timers rarely expire while a vCPU
 * runs, the work is spread.
 */
function busyVcpusOf(mix: Mix, guest: GuestSpec, busy: number, halts: number): number {
  if (halts * guest.vcpus < 1) return guest.vcpus;
  const ticking = (rateOf(mix, "PREEMPTION_TIMER") * guest.vcpus) / guest.hz;
  const sleepUs = mix.avgUs.get(mix.vendor === "intel" ? "HLT" : "hlt") ?? 1e6 / halts;
  if (sleepUs < 1e6 / guest.hz) return 0;
  return Math.min(guest.vcpus - 1, Math.floor(ticking + 0.2), Math.floor(busy * guest.vcpus + 0.2));
}

/** Pieces of work in a second, per vCPU of the guest: those that something asks for, and those of vCPUs that never halt. */
const worksOf = ({ requests, ipis, busyVcpus, workNs }: Knobs, vcpus: number): number =>
  requests + ipis + ((busyVcpus / vcpus) * 1e9) / workNs;

export function workloadOf(knobs: Knobs, vcpus: number, doc: string, source: string): Workload {
  const background = Object.fromEntries(Object.entries(knobs.background).map(([name, rate]) => [name, rounded(rate)]));
  const wakes = knobs.ipis + knobs.preempts;
  return {
    ...QUIET,
    doc,
    source,
    requests_per_second: rounded(knobs.requests),
    quiet_interrupts_per_second: rounded(knobs.quiet),
    work_ns: Math.max(1, Math.round(knobs.workNs)),
    remote_wake_chance: wakes === 0 ? 0 : rounded(Math.min(1, wakes / worksOf(knobs, vcpus))),
    preempt_chance: knobs.preempts > 0 ? 1 : 0,
    hyperv_apic: knobs.windows,
    busy_vcpus: knobs.busyVcpus === vcpus ? "all" : knobs.busyVcpus,
    soft_timers_per_second: softTimers(knobs),
    interval_ns: knobs.timers > 0 ? Math.round(1e9 / knobs.timers) : 0,
    background: background as Workload["background"],
  };
}

/**
 * Expiries of the guest kernel's own timer wheel, as of an idle guest. Some timer is always pending there; without one a stopped
 * tick would leave the clock event device alone, and a wake-up would write it half as often. Where wake-ups are rarer, a part of them.
 */
const SOFT_TIMERS = 4;
const SOFT_PART = 1 / 4;
const softTimers = ({ windows, requests, quiet, ipis }: Knobs): number =>
  windows ? 0 : rounded(Math.min(SOFT_TIMERS, (requests + quiet + ipis) * SOFT_PART));

/** Four digits: more than a capture knows, and a file stays readable. */
const rounded = (value: number): number => Number(value.toPrecision(4));
