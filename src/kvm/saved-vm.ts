/**
 * What a VM takes along to another host: QEMU stops its vCPUs, asks KVM for their state, and sets
 * it on the other side. The guest's own state (its program) goes as it is. What is KVM's alone
 * stays behind: which timer stood in for the APIC timer, a timer that is pending without having
 * been injected, the timer advance, the polling window. So the other host decides all of that anew.
 *
 *   pause ──▶ each vCPU at its next entry ──▶ save ──▶ … ──▶ restore: LAPIC, then the deadline ──▶ KVM_RUN
 *
 * QEMU target/i386/kvm/kvm.c kvm_arch_get_registers, kvm_arch_put_registers (whose last MSR is
 * the deadline: KVM ignores it while the LAPIC's timer is not in its mode yet). Linux
 * arch/x86/kvm/lapic.c kvm_apic_get_state (posted requests are folded into the IRR),
 * kvm_apic_set_state, kvm_set_lapic_tscdeadline_msr; x86.c kvm_set_tsc_khz. Simplified: the guest's TSC goes
 * on through the downtime (KVM_VCPU_TSC_OFFSET); a QEMU that only saves and loads IA32_TSC lets it stand.
 *
 * On a host of another frequency the guest's TSC keeps its own (KVM_SET_TSC_KHZ). All instants here are cycles
 * of the host, so the guest's are converted once, when it comes, and rounded to whole ones; KVM converts at each
 * arming (`u64_shl_div_u64` in vmx_set_hv_timer). What it measures by its clock from then on takes another number
 * of cycles (`guest-clock.ts`). The CPU scales without taking time, so no exit costs more.
 */
import { VECTOR, type MoveInstant, type Program } from "../guest/program.ts";
import { assert } from "../lib/assert.ts";
import { nearest } from "../lib/nearest.ts";
import { NEVER, type Instant } from "../lib/units.ts";
import { KIND } from "./exit-kinds.ts";
import type { LapicTimer } from "./lapic-timer.ts";
import type { PhysicalCpus } from "./physical-cpus.ts";
import type { ResolvedGuest, ResolvedHost } from "./resolved.ts";
import type { Scheduler } from "./scheduler.ts";
import { STATE, type Vcpu } from "./vcpu.ts";
import type { VcpuBlock } from "./vcpu-block.ts";
import { bootVm, samePrograms, type Vm } from "./vm.ts";

export interface SavedVcpu {
  /** Registers and memory. */
  readonly program: Program;
  /** KVM_GET_MP_STATE: its last instruction was a HLT; what is pending wakes it on the other side. */
  readonly halted: boolean;
  /** HLT or MWAIT without an exit: the core itself slept. */
  readonly haltedInGuest: boolean;
  /** KVM_GET_LAPIC: the IRR, and whether the ICR's upper half is written. */
  readonly irr: number;
  readonly destinationWritten: boolean;
  /** The timer's mode (LVTT): a deadline, or a count, with its period if it is periodic. */
  readonly deadlineMode: boolean;
  readonly period: number;
  /** MSR_IA32_TSC_DEADLINE, or when the count runs out; NEVER where they read 0: not armed, or fired and injected. */
  readonly deadline: Instant;
  /** No state of the guest: since when what is pending is late. */
  readonly lateFor: Instant;
  readonly ipiSentAt: Instant;
}

/** All instants are those of the host where it was saved, and of the moment `at`. */
export interface SavedVm {
  readonly guest: ResolvedGuest;
  readonly vcpus: readonly SavedVcpu[];
  readonly at: Instant;
  /** Frequency of those instants, and of its guest's TSC. */
  readonly hostHz: number;
  readonly tscHz: number;
  /** How often it was saved, this time included. */
  readonly lives: number;
}

/** A VM that comes from another host, under its name here, `elapsed` cycles of this host after it was saved. */
export interface Arrival {
  readonly name: string;
  readonly saved: SavedVm;
  readonly elapsed: number;
}

const HALTS: ReadonlySet<number> = new Set([KIND.hlt, KIND.hltReenter, KIND.hltBlocks]);

/** KVM_RUN returns to a QEMU that stops the VM. */
export function leaveKvmRun(vcpu: Vcpu, cpus: PhysicalCpus, scheduler: Scheduler, now: Instant): void {
  vcpu.state = STATE.paused;
  vcpu.since = now;
  vcpu.stepAt = NEVER;
  if (vcpu.task !== null) scheduler.withdraw(vcpu, now);
  else {
    cpus.suspend(vcpu.cpu, now);
    cpus.occupant[vcpu.cpu] = null;
  }
  // The CPU is free, and handles what the vCPU still had to let in.
  const { pendingInterruptCycles } = vcpu;
  vcpu.hostInterruptAt = NEVER;
  vcpu.pendingInterruptCycles = 0;
  if (pendingInterruptCycles > 0) cpus.interrupt(vcpu.cpu, now, pendingInterruptCycles);
}

/** The state of a VM whose vCPUs are all paused. */
export function saveVm(vm: Vm, { tscHz: hostHz }: ResolvedHost, now: Instant): SavedVm {
  assert(
    vm.vcpus.every(({ state }) => state === STATE.paused),
    "a VM is saved when all its vCPUs have stopped",
  );
  const { guest, vcpus, tscHz, lives } = vm;
  return { guest, vcpus: vcpus.map(saveVcpu), at: now, hostHz, tscHz, lives: lives + 1 };
}

function saveVcpu(vcpu: Vcpu): SavedVcpu {
  const { program, haltedInGuest, destinationWritten, deadlineMode, period, deadline, lateFor, ipiSentAt } = vcpu;
  const irr = vcpu.irr | vcpu.pir;
  return {
    program,
    halted: HALTS.has(vcpu.kind),
    haltedInGuest,
    irr,
    destinationWritten,
    deadlineMode,
    period,
    deadline,
    // An expiry that was not injected is none: the other host's timer finds the deadline in the past.
    lateFor: (irr & VECTOR.timer) === 0 ? NEVER : lateFor,
    ipiSentAt,
  };
}

/** The VM of an arrival with the programs that run in it; null when it is another one, or has to boot as its guest changed on the way. */
export function arrivedVm(arrival: Arrival | undefined, host: ResolvedHost, guest: ResolvedGuest, seed: number, now: Instant): Vm | null {
  if (arrival?.name !== guest.name || !samePrograms(arrival.saved.guest, guest)) return null;
  const programs = arrival.saved.vcpus.map(({ program }) => program);
  return bootVm(host, guest, programs, seed, now, arrival.saved);
}

/** What its state is restored with. */
interface Restoring {
  readonly now: Instant;
  /** From instants of the host where it was saved to instants here. */
  readonly move: MoveInstant;
  /** Cycles of this host in one of the other, and in a tick of the guest's TSC. */
  readonly scale: number;
  readonly cyclesPerTick: number;
}

/** Lets a VM that came to a host of `hostHz` go on: the state of all its vCPUs first, then their KVM_RUN. */
export function restoreVm(
  vms: readonly Vm[],
  { name, saved, elapsed }: Arrival,
  { now, hostHz, timer, block }: { now: Instant; hostHz: number; timer: LapicTimer; block: VcpuBlock },
): void {
  const vm = vms.find((one) => one.name === name);
  assert(vm !== undefined, `the host has the VM ${name} that arrives`);
  // Its guest was changed on the way so that it had to boot.
  if (vm.lives !== saved.lives) return;
  const scale = hostHz / saved.hostHz;
  const move = (at: Instant): Instant => (now - elapsed + nearest((at - saved.at) * scale)) as Instant;
  const on = { now, move, scale, cyclesPerTick: hostHz / saved.tscHz };
  vm.vcpus.forEach((vcpu, i) => {
    const one = saved.vcpus[i] as SavedVcpu;
    restoreVcpu(vcpu, one, on);
    restoreTimer(vcpu, one, saved.at, on, timer);
  });
  vm.vcpus.forEach((vcpu, i) => block.comeIn(vcpu, now, saved.vcpus[i]?.halted === true));
}

/** A deadline is absolute and may have passed on the way; a count stood still meanwhile, and goes on. */
function restoreTimer(vcpu: Vcpu, saved: SavedVcpu, savedAt: Instant, { now, move, scale }: Restoring, timer: LapicTimer): void {
  const { deadline, deadlineMode, period } = saved;
  if (deadline === NEVER) return;
  const scaled = (cycles: number): number => nearest(cycles * scale);
  if (deadlineMode) timer.write(vcpu, move(deadline), now);
  else timer.resumeCount(vcpu, scaled(Math.max(0, deadline - savedAt)), scaled(period), now);
}

function restoreVcpu(vcpu: Vcpu, saved: SavedVcpu, { now, move, cyclesPerTick }: Restoring): void {
  const { program } = vcpu;
  program.moveInstants(move);
  program.scaleTsc(cyclesPerTick);
  vcpu.haltedInGuest = saved.haltedInGuest;
  if (saved.haltedInGuest) vcpu.haltStart = now;
  vcpu.irr = saved.irr;
  vcpu.destinationWritten = saved.destinationWritten;
  vcpu.lateFor = move(saved.lateFor);
  vcpu.ipiSentAt = move(saved.ipiSentAt);
  // What came from outside meanwhile has waited in the network.
  while (program.arrivalAt <= now) if (program.arrive(program.arrivalAt)) vcpu.irr |= VECTOR.device;
}
