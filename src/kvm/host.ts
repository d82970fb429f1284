/**
 * A KVM host: its physical CPUs, its VMs, and the order of their events. Everything that can
 * interact lives in one host and is advanced together; hosts do not interact.
 *
 * Order of simultaneous events: vCPUs by number before physical CPUs by number; on one vCPU host
 * interrupt, notification, timer, device, own step.
 */
import { EXTRAS } from "../cost/paths.ts";
import type { ExitCost } from "../cost/plan.ts";
import { assert } from "../lib/assert.ts";
import { instant, type Instant } from "../lib/units.ts";
import { EventTree } from "../sim/event-tree.ts";
import { Accounting, type LatencyObserver } from "./accounting.ts";
import { Affinity } from "./affinity.ts";
import { GuestOperations } from "./guest-operations.ts";
import { LapicTimer } from "./lapic-timer.ts";
import {
  blockSettings,
  CostCache,
  cpuSettings,
  loopSettings,
  operationSettings,
  schedulerSettings,
  switchSettings,
} from "./host-settings.ts";
import { PauseLoop, PLE_WINDOW } from "./pause-loop.ts";
import { PhysicalCpus } from "./physical-cpus.ts";
import { InterruptDelivery } from "./posted-interrupt.ts";
import type { ResolvedHost } from "./resolved.ts";
import { RunLoop, type ExitObserver } from "./run-loop.ts";
import { Scheduler } from "./scheduler.ts";
import { arrivedVm, leaveKvmRun, restoreVm, type Arrival } from "./saved-vm.ts";
import { IpiSending } from "./send-ipi.ts";
import { holdVcpu } from "./smi.ts";
import { Tally } from "./tally.ts";
import { STATE, type Vcpu } from "./vcpu.ts";
import { VcpuBlock } from "./vcpu-block.ts";
import { VcpuEvents } from "./vcpu-events.ts";
import { VcpuSwitch } from "./vcpu-switch.ts";
import { WorkCounters } from "./work-counters.ts";
import { VhostNet } from "./vhost.ts";
import { VmControl } from "./vm-control.ts";
import { bootVm, bootWorkload, decide, endVm, samePrograms, type Boot, type Vm } from "./vm.ts";

/** Instants are moved back by this when they reach it, so that they stay exact integers: half an hour. A power of two. */
const REBASE = 2 ** 42;

export class KvmHost {
  resolved: ResolvedHost;
  readonly tally = new Tally();
  readonly work = new WorkCounters(this.tally);
  vms: readonly Vm[] = [];
  vcpus: readonly Vcpu[] = [];
  now: Instant = instant(-0);
  /** How often the time axis was moved back by `rebaseCycles`. */
  rebases = 0;
  readonly rebaseCycles: number;

  private readonly seed: number;
  private readonly boot: Boot;
  private readonly cpus: PhysicalCpus;
  private readonly accounting: Accounting;
  private readonly delivery: InterruptDelivery;
  private readonly timer: LapicTimer;
  private readonly switching: VcpuSwitch;
  private readonly scheduler: Scheduler;
  private readonly block: VcpuBlock;
  private readonly ipis: IpiSending;
  private readonly operations: GuestOperations;
  private readonly loop: RunLoop;
  private readonly events: VcpuEvents;
  /** QEMU's hold on its VMs. */
  readonly control: VmControl;
  private vcpuEvents: EventTree = new EventTree(1);
  private cpuEvents: EventTree = new EventTree(1);

  /** @param seed the host's own stream, forked from the fleet's seed by the host's name. */
  constructor(resolved: ResolvedHost, seed: number, boot: Boot = bootWorkload, rebaseCycles = REBASE) {
    this.resolved = resolved;
    this.rebaseCycles = rebaseCycles;
    this.seed = seed;
    this.boot = boot;
    const ghz = resolved.tscHz / 1e9;
    const rekey = (vcpu: Vcpu): void => this.vcpuEvents.set(vcpu.index, vcpu.nextAt());
    const onCpu = (cpu: number): void => this.cpuEvents.set(cpu, this.cpus.nextAt(cpu));
    const tick = (cpu: number, at: Instant): void => this.scheduler.tick(cpu, at);
    const smi = (at: Instant, cycles: number): void =>
      this.vcpus.forEach((vcpu) => {
        holdVcpu(vcpu, at, cycles);
        rekey(vcpu);
      });
    this.cpus = new PhysicalCpus(resolved.spec.cpus, seed, cpuSettings(resolved), this.tally, { cpu: onCpu, vcpu: rekey, tick, smi });
    this.accounting = new Accounting(this.tally, resolved.cpu.vendor);
    const ipiFlight = resolved.cpu.cycles.ipiFlight.value;
    const { rescheduleCycles: reschedule } = loopSettings(resolved);
    const coalesces = resolved.cpu.vendor === "intel";
    this.delivery = new InterruptDelivery({ ipiFlight, reschedule, coalesces, wake: (vcpu, at) => this.block.wake(vcpu, at), rekey });
    const { cpus, delivery, tally } = this;
    const { preemptionTimerShift } = resolved.cpu;
    this.timer = new LapicTimer({ preemptionTimerShift, ghz, cpus, delivery, tally });
    const { timer } = this;
    this.switching = new VcpuSwitch({ settings: switchSettings(resolved), cpus, timer, tally });
    this.scheduler = this.makeScheduler(rekey);
    const { scheduler } = this;
    const enter = (vcpu: Vcpu, at: Instant): void => this.loop.enter(vcpu, at);
    this.block = new VcpuBlock({ settings: blockSettings(resolved), cpus, timer, tally, scheduler, rekey, enter });
    const needs = { loop: () => this.loop, software: (cycles: number) => cpus.software(cycles) };
    const wakeupVector = (cpu: number, woken: Vcpu, at: Instant): void => {
      // On a CPU that is free, or now the thread's, it is part of the wake-up.
      if (cpus.occupant[cpu] !== woken && !cpus.isIdle(cpu, at)) cpus.interrupt(cpu, at, this.block.settings.wakeLocal);
    };
    this.ipis = new IpiSending(operationSettings(resolved), { delivery, wakeupVector, ...needs });
    const pauses = new PauseLoop({ window: PLE_WINDOW[resolved.cpu.vendor], scheduler, tally });
    this.operations = new GuestOperations(operationSettings(resolved), { timer, ipis: this.ipis, pauses, ...needs });
    this.loop = new RunLoop({
      settings: loopSettings(resolved),
      timer,
      accounting: this.accounting,
      tally,
      execute: (vcpu, at) => this.operations.execute(vcpu, at),
      reschedule: (vcpu, at) => scheduler.reschedule(vcpu, at),
      letInterruptsIn: (vcpu, at) => cpus.letInterruptsIn(vcpu, at),
    });
    const wake = cpus.software((resolved.traits.waiter === "swait" ? EXTRAS.wakeSwait : EXTRAS.wakeRcuwait).value);
    const vhost = new VhostNet({ cpus, ipiFlight, wake, rekey });
    const { loop, operations, block, ipis, switching } = this;
    this.events = new VcpuEvents({ loop, delivery, operations, timer, block, ipis, scheduler, switching, pauses, cpus, vhost });
    this.control = new VmControl(this, seed, delivery, (vcpu, at) => leaveKvmRun(vcpu, cpus, scheduler, at));
    this.configure(resolved);
  }

  private makeScheduler(rekey: (vcpu: Vcpu) => void): Scheduler {
    return new Scheduler({
      settings: schedulerSettings(this.resolved),
      cpus: this.cpus,
      switching: this.switching,
      interruptGuest: (vcpu, now) => this.delivery.reschedule(vcpu, now),
      awake: (vcpu, now) => this.block.running(vcpu, now),
      stopPolling: (vcpu, now) => this.block.stopPolling(vcpu, now),
      placed: (vcpu) => vcpu.settleOn(this.resolved.nohzFull[vcpu.cpu] === true),
      rekey,
    });
  }

  /** Puts the network devices of the host's first two VMs on one bridge; `workers`: CPUs of their vhost threads. */
  connect([worker = 0, peerWorker = worker]: readonly number[]): void {
    const [one, other] = this.vms.map(({ vcpus }) => vcpus[0]);
    assert(one !== undefined && other !== undefined, "two VMs are connected");
    one.link = { peer: other, worker, peerWorker };
    other.link = { peer: one, worker: peerWorker, peerWorker: worker };
  }

  /** Told of every exit when it completes. */
  observe(observer: ExitObserver | null): void {
    this.loop.observer = observer;
  }

  /** Told of each latency of a timer or an IPI when the guest takes the interrupt. */
  observeLatencies(observer: LatencyObserver | null): void {
    this.accounting.latencies = observer;
  }

  /**
   * Takes a new configuration live, as KVM takes a written module parameter: counters, guests and
   * pending timers stay, predicates are asked anew at the next arming.
   * @param arrival one of its guests comes from another host and goes on where it stood.
   */
  configure(resolved: ResolvedHost, arrival?: Arrival): void {
    assert(resolved.spec.cpus === this.cpus.count, "a host keeps its number of CPUs until it reboots");
    this.resolved = resolved;
    this.accounting.countsReentry = resolved.traits.exitsStatCountsReentry;
    this.block.settings = blockSettings(resolved);
    this.timer.restartsAfterBlock = resolved.preemptionTimer.value && resolved.traits.hvTimerAfterBlock === "always";
    this.switching.settings = switchSettings(resolved);
    this.scheduler.settings = schedulerSettings(resolved);
    this.ipis.settings = operationSettings(resolved);
    this.operations.settings = operationSettings(resolved);
    this.loop.settings = loopSettings(resolved);
    this.placeVms(resolved, resolved.tscHz / 1e9, arrival);
    this.cpus.configure(cpuSettings(resolved), this.now);
    this.vcpuEvents = new EventTree(this.vcpus.length);
    this.cpuEvents = new EventTree(this.cpus.count);
    this.keyEvents();
    if (arrival === undefined) return;
    restoreVm(this.vms, arrival, { now: this.now, hostHz: resolved.tscHz, timer: this.timer, block: this.block });
    this.keyEvents();
  }

  /** Emulates up to `until` (cycles since boot), events at that instant included. */
  advance(until: number): void {
    // Keys of events are whole cycles: between two of them the next event would be due, yet never come.
    assert(Number.isInteger(until), `a host advances to a whole cycle, not to ${until}`);
    const end = until - this.rebases * this.rebaseCycles;
    const reach = Math.min(this.vcpuEvents.horizon, this.cpuEvents.horizon) - 1;
    while (this.now < end) this.advanceWithinHorizon(Math.min(end, this.now + reach));
    this.accounting.settle();
    this.tally.fold();
    while (this.now >= this.rebaseCycles) this.rebase();
  }

  private advanceWithinHorizon(end: number): void {
    const { vcpuEvents, cpuEvents, vcpus, now: base } = this;
    const last = end - base;
    this.keyEvents();
    for (;;) {
      const away = vcpuEvents.firstAway();
      const cpuAway = cpuEvents.firstAway();
      if (away > last && cpuAway > last) break;
      if (away <= cpuAway) {
        const vcpu = vcpus[vcpuEvents.first()] as Vcpu;
        this.now = (base + away) as Instant;
        this.events.fire(vcpu, this.now);
        vcpuEvents.set(vcpu.index, vcpu.nextAt());
      } else {
        this.now = (base + cpuAway) as Instant;
        this.cpus.fire(cpuEvents.first(), this.now);
      }
    }
    this.now = end as Instant;
  }

  /** Run queues of the CPUs that vCPUs share. */
  get runQueues(): Pick<Scheduler, "queues"> {
    return this.scheduler;
  }

  /** Physical CPUs, for the view of a slice border. */
  get physicalCpus(): PhysicalCpus {
    return this.cpus;
  }

  /** Keeps VMs that are still wanted with their vCPUs, boots the others or takes up the one that arrives. */
  private placeVms(resolved: ResolvedHost, ghz: number, arrival: Arrival | undefined): void {
    const kept = new Map(this.vms.map((vm) => [vm.name, vm]));
    const costs = new CostCache(resolved);
    this.work.take([...resolved.guests, ...this.vms.map(({ guest }) => guest)].map(({ spec }) => spec.workload));
    this.vms = resolved.guests.map((guest) => {
      const old = kept.get(guest.name);
      const vm =
        (old !== undefined && samePrograms(old.guest, guest) ? old : arrivedVm(arrival, resolved, guest, this.seed, this.now)) ??
        bootVm(resolved, guest, this.boot(guest, this.seed, ghz, this.now), this.seed, this.now);
      vm.guest = guest;
      vm.vcpus.forEach((vcpu, number) => decide(vcpu, number, resolved, guest, costs));
      return vm;
    });
    for (const vm of kept.values()) if (!this.vms.includes(vm)) endVm(vm, this.tally, this.work, this.now);
    this.vcpus = this.vms.flatMap((vm) => vm.vcpus);
    for (const vm of this.vms) {
      for (const vcpu of vm.vcpus) {
        vcpu.siblings = vm.vcpus;
        vcpu.program.mayBePreempted = vm.guest.sharedCpus !== null;
        vcpu.program.stored = (target) => this.memoryChanged(vm.vcpus[target]);
      }
    }
    const { cpus, scheduler, timer } = this;
    const preempt = (vcpu: Vcpu, at: Instant): void => this.events.preempt(vcpu, at);
    new Affinity({ scheduler, cpus, timer, noDomain: resolved.noDomain, preempt }, this.now).apply(this.vms);
    this.vcpus.forEach((vcpu, index) => (vcpu.index = index));
    const costsOf = ({ places }: Vcpu): (readonly ExitCost[])[] =>
      places.flatMap((place) => (place === null ? [] : [place.costs, place.coldCosts]));
    this.accounting.use(new Set(this.vcpus.flatMap(costsOf)), new Set(this.vcpus.flatMap((vcpu) => vcpu.cost ?? [])));
  }

  /** Enters every actor's next event, relative to now. */
  private keyEvents(): void {
    this.vcpuEvents.rebase(this.now);
    for (const vcpu of this.vcpus) this.vcpuEvents.set(vcpu.index, vcpu.nextAt());
    this.cpuEvents.rebase(this.now);
    for (let cpu = 0; cpu < this.cpus.count; cpu++) this.cpuEvents.set(cpu, this.cpus.nextAt(cpu));
  }

  /** A vCPU's program stored to memory that another one of its VM may be spinning on. */
  private memoryChanged(watcher: Vcpu | undefined): void {
    if (watcher === undefined || !watcher.program.memoryChanged() || watcher.state !== STATE.guest) return;
    watcher.stepAt = (this.now + watcher.program.runCycles) as Instant;
    watcher.writes?.takeRest();
    this.vcpuEvents.set(watcher.index, watcher.nextAt());
  }

  /** Moves the time axis, so that instants stay exact integers however long the host runs. */
  private rebase(): void {
    this.rebases++;
    this.now = (this.now - this.rebaseCycles) as Instant;
    for (const vcpu of this.vcpus) vcpu.shift(-this.rebaseCycles);
    this.cpus.shift(-this.rebaseCycles);
    this.scheduler.shift(-this.rebaseCycles, this.vcpus);
  }
}
