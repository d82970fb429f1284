/**
 * What QEMU asks of KVM when it migrates a VM: to watch its writes, to stop it, to hand it out.
 *
 * QEMU accel/kvm/kvm-all.c kvm_log_start, kvm_log_sync; softmmu/cpus.c vm_stop. Linux
 * x86.c kvm_arch_sync_dirty_log, virt/kvm/kvm_main.c kvm_flush_remote_tlbs.
 */
import { assert } from "../lib/assert.ts";
import type { Instant } from "../lib/units.ts";
import { Stream } from "../sim/random.ts";
import { DirtyLog, VcpuWrites } from "./dirty-log.ts";
import type { InterruptDelivery } from "./posted-interrupt.ts";
import type { ResolvedHost } from "./resolved.ts";
import { saveVm, type SavedVm } from "./saved-vm.ts";
import { STATE, type Vcpu } from "./vcpu.ts";
import { dirtyLogSettings } from "./vm-memory.ts";
import type { Vm } from "./vm.ts";

/** The host as it is seen here. */
interface ControlledHost {
  readonly vms: readonly Vm[];
  readonly now: Instant;
  readonly resolved: ResolvedHost;
  configure(resolved: ResolvedHost): void;
}

export class VmControl {
  private readonly host: ControlledHost;
  private readonly seed: number;
  private readonly delivery: InterruptDelivery;
  private readonly leave: (vcpu: Vcpu, now: Instant) => void;

  /** @param leave takes a vCPU out of KVM_RUN, where it would enter the guest. */
  constructor(host: ControlledHost, seed: number, delivery: InterruptDelivery, leave: (vcpu: Vcpu, now: Instant) => void) {
    this.host = host;
    this.seed = seed;
    this.delivery = delivery;
    this.leave = leave;
  }

  /** Begins to watch what the VM writes to. */
  startDirtyLog(name: string): void {
    const vm = this.vm(name);
    const draws = new Stream(this.seed, `${name}/${vm.lives}/writes`);
    const log = new DirtyLog(dirtyLogSettings(this.host.resolved, vm.guest, draws));
    for (const vcpu of vm.vcpus) vcpu.writes = new VcpuWrites(log);
    this.flushTlbs(vm);
  }

  /** Pages that the VM has written to since the last time; null when nobody watches them, as after a restart. */
  fetchDirtyLog(name: string): number | null {
    const vm = this.host.vms.find((one) => one.name === name);
    const writes = vm?.vcpus[0]?.writes ?? null;
    if (vm === undefined || writes === null) return null;
    this.flushTlbs(vm);
    return writes.log.fetch();
  }

  stopDirtyLog(name: string): void {
    for (const vcpu of this.vm(name).vcpus) {
      if (vcpu.writes !== null) vcpu.stepAt = (vcpu.stepAt + vcpu.writes.takeRest()) as Instant;
      vcpu.writes = null;
    }
  }

  /** vm_stop: the VM's vCPUs leave the guest as soon as they can, and do not enter it again. */
  pause(name: string): void {
    for (const vcpu of this.vm(name).vcpus) {
      vcpu.stop = (now) => this.leave(vcpu, now);
      this.delivery.kick(vcpu, this.host.now);
    }
  }

  /** All vCPUs of the VM have stopped. */
  isPaused(name: string): boolean {
    return this.vm(name).vcpus.every(({ state }) => state === STATE.paused);
  }

  /** Saves a paused VM and takes it off the host, which is `resolved` without it. */
  takeOut(name: string, resolved: ResolvedHost): SavedVm {
    const saved = saveVm(this.vm(name), this.host.resolved, this.host.now);
    this.host.configure(resolved);
    // The host has counted what the guest did on it.
    for (const { program } of saved.vcpus) program.workCycles = 0;
    return saved;
  }

  /** KVM_REQ_TLB_FLUSH, or a kick for the sake of the PML: each vCPU that is in the guest leaves it once. */
  private flushTlbs(vm: Vm): void {
    for (const vcpu of vm.vcpus) if (vcpu.state === STATE.guest) this.delivery.kick(vcpu, this.host.now);
  }

  private vm(name: string): Vm {
    const vm = this.host.vms.find((one) => one.name === name);
    assert(vm !== undefined, `the host has a VM ${name}`);
    return vm;
  }
}
