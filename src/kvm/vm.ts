/** A VM: its vCPUs, what runs on them, and the settings that KVM decided for it. */
import type { IpiSettings } from "../guest/ipi-method.ts";
import { bootLinux } from "../guest/linux.ts";
import type { LinuxGuestSettings } from "../guest/linux-guest.ts";
import type { Program } from "../guest/program.ts";
import { workloadOf } from "../guest/workload-choice.ts";
import { assert } from "../lib/assert.ts";
import type { Instant } from "../lib/units.ts";
import { AT, CPU_USES } from "./counters.ts";
import { mitigationSoFar } from "./exit-progress.ts";
import { initialWindow } from "./halt-polling.ts";
import { kernelOf } from "./kernel-choice.ts";
import { guestCstates } from "./guest-halt.ts";
import type { CostCache } from "./host-settings.ts";
import type { ResolvedGuest, ResolvedHost } from "./resolved.ts";
import type { Tally } from "./tally.ts";
import { canPostTimer, canUseHvTimer, canVirtualizeTimer, timerInputs } from "./timer-predicates.ts";
import { initialAdvance } from "./timer-advance.ts";
import { STATE, Vcpu } from "./vcpu.ts";
import { registerWriteKind, VIRTUAL_IPIS, virtualIpis, virtualRegisters, virtualSelfIpi } from "./virtual-apic.ts";
import type { WorkCounters } from "./work-counters.ts";

export interface Vm {
  readonly name: string;
  readonly vcpus: readonly Vcpu[];
  guest: ResolvedGuest;
  /** Frequency of its guest's TSC. */
  readonly tscHz: number;
  /** How often it moved from host to host: the vCPUs of each stay have random draws of their own. */
  readonly lives: number;
}

/** Makes the programs of a VM; tests and benchmarks bring their own. */
export type Boot = (guest: ResolvedGuest, seed: number, ghz: number, now: Instant) => readonly Program[];

/** What a Linux guest is booted with, its workload aside. */
export const linuxSettings = (guest: ResolvedGuest, seed: number, ghz: number, now: Instant): Omit<LinuxGuestSettings, "workload"> => ({
  name: guest.name,
  seed,
  vcpus: guest.cpus.length,
  load: guest.spec.load,
  hz: guest.spec.hz,
  nohz: guest.spec.nohz,
  timer: guest.spec.timer,
  ghz,
  boot: now,
  restartsTwice: restartsTwice(guest),
  ipis: ipiSettings(guest),
  haltpoll: guest.spec.pv.haltpoll,
});

/** The Linux guest with the workload that the specification names. */
export const bootWorkload: Boot = (guest, seed, ghz, now) =>
  bootLinux({ ...linuxSettings(guest, seed, ghz, now), workload: workloadOf(guest.spec.workload) });

const restartsTwice = ({ spec }: ResolvedGuest): boolean => kernelOf(spec.kernel).traits.hrtimerRestart === "two_writes";

/** How its kernel interrupts many vCPUs at once. */
export const ipiSettings = ({ spec }: ResolvedGuest): IpiSettings => ({
  apic: spec.apic,
  pvIpi: spec.pv.ipi,
  shorthand: kernelOf(spec.kernel).traits.ipiShorthand === "present",
});

/** What runs in the VM can run on, wherever its vCPUs go; otherwise it is started anew. */
export function samePrograms(old: ResolvedGuest, wanted: ResolvedGuest): boolean {
  const keys = ["hz", "nohz", "load", "timer", "vcpus"] as const;
  const sameWork = JSON.stringify(old.spec.workload) === JSON.stringify(wanted.spec.workload);
  const samePolling = old.spec.pv.haltpoll === wanted.spec.pv.haltpoll;
  return (
    sameWork &&
    samePolling &&
    sameCalls(old, wanted) &&
    restartsTwice(old) === restartsTwice(wanted) &&
    keys.every((key) => old.spec[key] === wanted.spec[key])
  );
}

/** A guest that interrupts all its CPUs chose at boot how. */
function sameCalls(old: ResolvedGuest, wanted: ResolvedGuest): boolean {
  const calls = workloadOf(wanted.spec.workload).background.call_function > 0;
  return !calls || JSON.stringify(ipiSettings(old)) === JSON.stringify(ipiSettings(wanted));
}

/** @param past of a VM that has come from another host; one that boots has none. */
export function bootVm(
  host: ResolvedHost,
  guest: ResolvedGuest,
  programs: readonly Program[],
  seed: number,
  now: Instant,
  { lives, tscHz }: Pick<Vm, "lives" | "tscHz"> = { lives: 0, tscHz: host.tscHz },
): Vm {
  assert(programs.length === guest.cpus.length, "a VM has one program per vCPU");
  const vcpus = programs.map((program, number) => {
    const vcpu = new Vcpu({
      name: `${guest.name}/${number}${lives === 0 ? "" : `/${lives}`}`,
      seed,
      index: 0,
      cpu: guest.cpus[number] as number,
      program,
      advance: initialAdvance(host.timerAdvance.value),
      boot: now,
    });
    vcpu.haltPollNs = initialWindow(host.haltPoll);
    vcpu.stepAt = now;
    vcpu.tscGhz = tscHz / 1e9;
    return vcpu;
  });
  for (const vcpu of vcpus) vcpu.siblings = vcpus;
  return { name: guest.name, vcpus, guest, tscHz, lives };
}

/** Gives the vCPU with this number the host's and guest's present settings. */
export function decide(vcpu: Vcpu, number: number, host: ResolvedHost, guest: ResolvedGuest, costs: CostCache): void {
  const own = guest.sharedCpus === null ? (guest.cpus[number] as number) : vcpu.cpu;
  const usable = guest.sharedCpus ?? [own];
  // A synthetic timer is an hrtimer of hyperv.c; neither predicate is asked for it.
  const lapicTimer = guest.spec.timer !== "hv_stimer";
  vcpu.places = [false, true].map((nohzFull) => {
    const cpu = usable.find((one) => (host.nohzFull[one] === true) === nohzFull);
    if (cpu === undefined) return null;
    const inputs = timerInputs(host, guest, cpu);
    const { warm, cold } = costs.costs(guest, cpu);
    return {
      costs: warm,
      coldCosts: cold,
      canPostTimer: lapicTimer && canPostTimer(inputs),
      canUseHvTimer: lapicTimer && canUseHvTimer(inputs),
    };
  });
  vcpu.settleOn(host.nohzFull[own] === true);
  vcpu.apicv = guest.apicvActive.value;
  vcpu.xapic = guest.spec.apic === "xapic";
  vcpu.logicalDestinations = guest.spec.apic === "x2apic-cluster";
  vcpu.virtualRegisters = virtualRegisters(host, guest).value;
  vcpu.virtualSelfIpi = virtualSelfIpi(host, guest);
  vcpu.virtualIpis = VIRTUAL_IPIS[virtualIpis(host, guest).value];
  vcpu.registerWriteKind = registerWriteKind(host, guest);
  vcpu.eoiByMsr = guest.spec.apic !== "xapic" || guest.spec.timer === "hv_stimer";
  vcpu.pvEoi = guest.spec.pv.eoi && !vcpu.apicv;
  vcpu.hostPolls = !(guest.spec.pv.haltpoll && host.traits.pollControl === "present");
  vcpu.pauseInGuest = guest.pauseInGuest;
  vcpu.assignedDevice = guest.spec.assigned_device;
  vcpu.guestCstates = guestCstates(host, guest, vcpu.program);
  vcpu.ghz = host.tscHz / 1e9;
  vcpu.hltInGuest = guest.hltInGuest;
  vcpu.mwaitInGuest = guest.mwaitInGuest;
  vcpu.usesLapicTimer = lapicTimer;
  vcpu.canVirtualizeTimer = canVirtualizeTimer(timerInputs(host, guest, vcpu.cpu));
  const { mode } = host.timerAdvance.value;
  // What an automatic mode has found out stays, as long as the mode does.
  if (mode === "fixed" || mode !== vcpu.advance.mode) vcpu.advance = initialAdvance(host.timerAdvance.value);
  if (host.haltPoll.mode !== "adaptive") vcpu.haltPollNs = initialWindow(host.haltPoll);
}

/** The VM is gone: the time in its last states and its work count. */
export function endVm(vm: Vm, tally: Tally, work: WorkCounters, now: Instant): void {
  for (const vcpu of vm.vcpus) {
    if (vcpu.state !== STATE.paused) tally.add(AT.vcpuCycles + vcpu.state, now - vcpu.since);
    tally.add(AT.cpuCycles + CPU_USES.indexOf("exit_mitigation"), mitigationSoFar(vcpu, now));
    tally.add(work.indexOf(vm.guest.spec.workload), vcpu.program.workCycles);
  }
}
