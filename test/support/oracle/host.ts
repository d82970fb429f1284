/**
 * The oracle: a KVM host as a heap of events and plain objects, written from the same rules as
 * the engine and with none of its code: exits, timers, interrupts, halting and accounting are
 * done anew, as simply as they can be. The guests' programs, the decisions of a resolved host, the
 * costs of an exit and the random streams are the engine's own.
 *
 * It is slow and takes no change of configuration. It is the engine's safety net: both must tell
 * the same story event for event.
 */
import { VECTOR } from "../../../src/guest/program.ts";
import { exitCost } from "../../../src/cost/plan.ts";
import { cstatesOf } from "../../../src/hw/cstates.ts";
import { EXIT_KIND_NAMES, EXIT_KINDS } from "../../../src/kvm/exit-kinds.ts";
import { EXIT_REASONS } from "../../../src/kvm/exits.ts";
import { entryConditions } from "../../../src/kvm/host-settings.ts";
import type { ResolvedGuest, ResolvedHost } from "../../../src/kvm/resolved.ts";
import { canPostTimer, canUseHvTimer, timerInputs } from "../../../src/kvm/timer-predicates.ts";
import { bootWorkload, type Boot } from "../../../src/kvm/vm.ts";
import { instant } from "../../../src/lib/units.ts";
import type { Program } from "../../../src/guest/program.ts";
import { Stream } from "../../../src/sim/random.ts";
import { coreAwakeAt, deviceFired, startDevice, startTick, tickFired } from "./cpus.ts";
import { deliver } from "./delivery.ts";
import { finishExit, guestStep, hostInterruptInGuest, notified, virtualTimerFired } from "./guest.ts";
import { asleep, checkHalt, haltFastpath, pollEnded, running } from "./halt.ts";
import { EventHeap, type OracleEvent } from "./heap.ts";
import { deliverIpi, preemptionTimerFired } from "./operations.ts";
import { hrtimerCallback, hrtimerFired, timerPosted } from "./timer.ts";
import { countersNow } from "./view.ts";
import { schedule, setStep, type ExitRecord, type OracleCpu, type OracleVcpu, type World } from "./world.ts";

export class OracleHost {
  readonly world: World;

  constructor(resolved: ResolvedHost, seed: number, boot: Boot = bootWorkload) {
    const { spec } = resolved;
    const vcpuCount = resolved.guests.reduce((sum, guest) => sum + guest.cpus.length, 0);
    const cpus = Array.from({ length: spec.cpus }, (_, number) => emptyCpu(resolved, seed, number, vcpuCount + number));
    this.world = {
      resolved,
      ghz: resolved.tscHz / 1e9,
      hostCstates: cstatesOf(spec.cpu, spec.cmdline.idle === "poll" ? "c0" : spec.cstates),
      // A guest's MWAIT gets no deeper on AMD than its HLT.
      guestCstates: cstatesOf(spec.cpu, spec.cstates).filter(({ name }) => resolved.cpu.vendor === "intel" || name === "c1"),
      heap: new EventHeap(),
      counters: new Map(),
      cpus,
      vcpus: [],
      now: 0,
      observer: null,
    };
    for (const guest of resolved.guests) bootGuest(this.world, guest, seed, boot(guest, seed, this.world.ghz, instant(0)));
    for (const cpu of cpus) {
      startDevice(this.world, cpu, 0);
      startTick(this.world, cpu, 0);
    }
  }

  observe(observer: (record: ExitRecord) => void): void {
    this.world.observer = observer;
  }

  /** Plays all events up to `until`, those at that instant included. */
  advance(until: number): void {
    const { world } = this;
    for (;;) {
      const event = world.heap.popUntil(until);
      if (event === null) break;
      world.now = event.at;
      play(world, event);
    }
    world.now = until;
  }

  /** Counters by name, as of now. */
  counters(): ReadonlyMap<string, number> {
    return countersNow(this.world);
  }
}

function emptyCpu(resolved: ResolvedHost, seed: number, number: number, actor: number): OracleCpu {
  const draws = new Stream(seed, `cpu${number}/device`);
  const tickWork = new Stream(seed, `cpu${number}/tick`);
  const deviceWork = new Stream(seed, `cpu${number}/device work`);
  const nohzFull = resolved.nohzFull[number] === true;
  return {
    number,
    actor,
    nohzFull,
    draws,
    tickWork,
    deviceWork,
    occupant: null,
    tick: null,
    device: null,
    idleSince: 0,
    busyFrom: 0,
    busyUntil: 0,
  };
}

function bootGuest(world: World, guest: ResolvedGuest, seed: number, programs: readonly Program[]): void {
  const vcpus = programs.map((program, number) => bootVcpu(world, guest, seed, program, number));
  for (const vcpu of vcpus) {
    vcpu.siblings = vcpus;
    vcpu.cpu.occupant = vcpu;
    setStep(world, vcpu, "guest step", 0);
    vcpu.arrival = schedule(world, vcpu.index, "arrival", vcpu.program.arrivalAt);
    vcpu.program.stored = (target) => {
      const watcher = vcpus[target];
      // Whoever polls memory in the guest sees the store, and goes on to its end of the poll.
      if (watcher?.program.memoryChanged() !== true || watcher.mode !== "guest") return;
      setStep(world, watcher, "guest step", world.now + watcher.program.runCycles);
    };
  }
}

function bootVcpu(world: World, guest: ResolvedGuest, seed: number, program: Program, number: number): OracleVcpu {
  const { resolved, cpus, vcpus } = world;
  const cpu = cpus[guest.cpus[number]!]!;
  const inputs = timerInputs(resolved, guest, cpu.number);
  const conditions = entryConditions(resolved, guest, cpu.number);
  const costsOf = (cold: boolean): OracleVcpu["costs"] =>
    new Map(
      EXIT_KIND_NAMES.map((name) => {
        const { handlers, variant, userspace } = EXIT_KINDS[name];
        return [name, exitCost(resolved.cpu, handlers[resolved.cpu.vendor], variant, userspace, conditions, cold)];
      }),
    );
  const advance = resolved.timerAdvance.value;
  const vcpu: OracleVcpu = {
    index: vcpus.length,
    guest,
    cpu,
    program,
    siblings: [],
    costs: costsOf(false),
    coldCosts: costsOf(conditions.ibpb === "to_userspace"),
    predictorsFlushed: false,
    unpredictedCycles: 0,
    noise: new Map(EXIT_REASONS.map((reason) => [reason, new Stream(seed, `${guest.name}/${number}/noise/${reason}`)])),
    canPostTimer: guest.spec.timer !== "hv_stimer" && canPostTimer(inputs),
    canUseHvTimer: guest.spec.timer !== "hv_stimer" && canUseHvTimer(inputs),
    virtualTimer: resolved.apicTimerVirt.value && guest.apicvActive.value && guest.spec.timer === "tsc_deadline",
    hvTimerInUse: false,
    apicv: guest.apicvActive.value,
    mode: "guest",
    since: 0,
    haltedSince: null,
    coreAwakeAt: null,
    step: null,
    arrival: null,
    hostInterrupt: null,
    notification: null,
    notificationKicks: false,
    pir: new Set(),
    irr: new Set(),
    windowWanted: false,
    eoiInMemory: false,
    destinationWritten: false,
    ipiSentAt: null,
    timer: {
      state: "off",
      deadline: null,
      byDeadline: true,
      period: 0,
      cpu: cpus[0]!,
      event: null,
      pending: false,
      expiredDeadline: null,
      lateFor: null,
      advanceNs: advance.mode === "off" ? 0 : advance.ns,
      advanceSettled: false,
    },
    pollWindowNs: resolved.haltPoll.mode === "always" ? resolved.haltPoll.maxNs : 0,
    haltStart: 0,
    wakeRequested: false,
    exit: null,
    inCore: 1,
    onChip: 1,
    waitingInterrupts: 0,
  };
  vcpus.push(vcpu);
  return vcpu;
}

function play(world: World, event: OracleEvent): void {
  const { vcpus } = world;
  if (event.actor < vcpus.length) playVcpu(world, vcpus[event.actor]!, event);
  else {
    const cpu = world.cpus[event.actor - vcpus.length]!;
    if (event.what === "tick") tickFired(world, cpu, event.at);
    else deviceFired(world, cpu, event.at);
  }
}

function playVcpu(world: World, vcpu: OracleVcpu, { what, at }: OracleEvent): void {
  switch (what) {
    case "host interrupt":
      return hostInterruptInGuest(world, vcpu, at);
    case "notification":
      return notified(world, vcpu, at);
    case "hv timer":
      return coreTimerFired(world, vcpu, at, "hv timer");
    case "virtual timer":
      return coreTimerFired(world, vcpu, at, "virtual timer");
    case "hrtimer":
      return hrtimerFired(world, vcpu, at);
    case "hrtimer callback":
      return hrtimerCallback(world, vcpu, at);
    case "posting":
      return timerPosted(world, vcpu, at);
    case "arrival":
      return arrives(world, vcpu, at);
    case "guest step":
      return guestStep(world, vcpu, at);
    case "effect":
      return effect(world, vcpu, at);
    case "end":
      return finishExit(world, vcpu, at);
    case "poll over":
      return pollEnded(world, vcpu, at, false);
    case "poll noticed":
      return pollEnded(world, vcpu, at, true);
    case "asleep":
      return asleep(world, vcpu, at);
    case "running":
      return running(world, vcpu, at);
    case "tick":
    case "device":
      throw new Error(`a ${what} belongs to a physical CPU`);
  }
}

/** A sleeping core gets up first. */
function coreTimerFired(world: World, vcpu: OracleVcpu, at: number, what: "hv timer" | "virtual timer"): void {
  const awakeAt = coreAwakeAt(world, vcpu, at);
  if (awakeAt > at) vcpu.timer.event = schedule(world, vcpu.index, what, awakeAt);
  else if (what === "hv timer") preemptionTimerFired(world, vcpu, at);
  else virtualTimerFired(world, vcpu, at);
}

/** A request from outside: the device interrupts the guest unless it has done so already. */
function arrives(world: World, vcpu: OracleVcpu, at: number): void {
  const interrupts = vcpu.program.arrive(instant(at));
  vcpu.arrival = schedule(world, vcpu.index, "arrival", vcpu.program.arrivalAt);
  if (interrupts) deliver(world, vcpu, VECTOR.device, at);
}

function effect(world: World, vcpu: OracleVcpu, at: number): void {
  const { kind } = vcpu.exit!;
  if (kind === "hltReenter") return haltFastpath(world, vcpu, at);
  if (kind === "hlt" || kind === "hltBlocks") return checkHalt(world, vcpu, at);
  deliverIpi(world, vcpu, at);
}
