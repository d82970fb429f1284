/** What a resolved host means to each part of the engine. */
import { EXTRAS } from "../cost/paths.ts";
import { hostCodeScale } from "../cost/host-code.ts";
import { cyclesOf } from "../lib/units.ts";
import { Cfs } from "./cfs.ts";
import { Eevdf } from "./eevdf.ts";
import type { SchedulerSettings } from "./scheduler.ts";
import type { SwitchSettings } from "./vcpu-switch.ts";
import type { EntryConditions } from "../cost/conditions.ts";
import { exitCost, type ExitCost } from "../cost/plan.ts";
import { cstatesOf } from "../hw/cstates.ts";
import { KIND_LIST } from "./exit-kinds.ts";
import type { FastpathSettings } from "./fastpath-settings.ts";
import { missNumbers } from "./misses.ts";
import type { CpuSettings } from "./cpu-settings.ts";
import type { ResolvedGuest, ResolvedHost } from "./resolved.ts";
import type { RunLoopSettings } from "./run-loop.ts";
import type { BlockSettings } from "./vcpu-block.ts";

export function cpuSettings(resolved: ResolvedHost): CpuSettings {
  const { spec } = resolved;
  return {
    ghz: resolved.tscHz / 1e9,
    tickHz: spec.host_hz,
    deviceInterruptsPerSecond: spec.device_interrupts_per_second,
    smisPerSecond: spec.smis_per_second,
    nohzFull: resolved.nohzFull,
    cstates: cstatesOf(spec.cpu, spec.cmdline.idle === "poll" ? "c0" : spec.cstates),
    hrtimerPinned: resolved.traits.hrtimerPinned,
    softwareScale: hostCodeScale(resolved.cpu, resolved.entryWork),
  };
}

export function blockSettings(resolved: ResolvedHost): BlockSettings {
  return {
    haltPoll: resolved.haltPoll,
    ghz: resolved.tscHz / 1e9,
    ipiFlight: resolved.cpu.cycles.ipiFlight.value,
    wakeLocal: wakeCycles(resolved, false),
    wakeRemote: wakeCycles(resolved, true),
    mustBlock: missNumbers(resolved.cpu.vendor).hlt.must_block,
  };
}

/** try_to_wake_up of a blocked vCPU's thread, from its own CPU or from another one. */
function wakeCycles({ cpu, traits, entryWork }: ResolvedHost, remote: boolean): number {
  const waiter = traits.waiter === "swait" ? EXTRAS.wakeSwait : EXTRAS.wakeRcuwait;
  return Math.round((waiter.value + (remote ? EXTRAS.wakeRemote.value : 0)) * hostCodeScale(cpu, entryWork));
}

export function operationSettings(resolved: ResolvedHost): FastpathSettings {
  const { cpu, fastpath: decisions, traits } = resolved;
  return {
    decisions,
    traits,
    misses: missNumbers(cpu.vendor),
    wakeRemote: wakeCycles(resolved, true),
    avicIpiTarget: cpu.cycles.avicIpiTarget.value,
    virtualTimerWrite: cpu.cycles.virtualTimerWrite.value,
    reenters: cpu.vendor === "intel" || traits.reentryLoop === "vcpu_enter_guest",
    notifiesItself: cpu.vendor === "intel" && traits.selfNotification === "sent",
  };
}

export function loopSettings(resolved: ResolvedHost): RunLoopSettings {
  return {
    ghz: resolved.tscHz / 1e9,
    interruptDelivery: resolved.cpu.cycles.interruptDelivery.value,
    predictorRefill: resolved.cpu.cycles.predictorRefill.value,
    rescheduleCycles: Math.round(EXTRAS.reschedule.value * hostCodeScale(resolved.cpu, resolved.entryWork)),
  };
}

/** Looks of a busy CPU for busier ones: once per CPU of the domain a millisecond, times busy_factor (16 since 5.10, 32 before). */
const BALANCE_NS_PER_CPU = 16_000_000;

export function schedulerSettings(resolved: ResolvedHost): SchedulerSettings {
  const ghz = resolved.tscHz / 1e9;
  const { cpus, host_hz: tickHz } = resolved.spec;
  return {
    fair: resolved.traits.scheduler === "cfs" ? new Cfs(cpus, ghz) : new Eevdf(cpus, ghz, tickHz),
    ipiFlight: resolved.cpu.cycles.ipiFlight.value,
    wakeLocal: wakeCycles(resolved, false),
    wakeRemote: wakeCycles(resolved, true),
    rescheduleCycles: loopSettings(resolved).rescheduleCycles,
    balanceCycles: cyclesOf(BALANCE_NS_PER_CPU, ghz),
  };
}

export function switchSettings(resolved: ResolvedHost): SwitchSettings {
  return {
    ghz: resolved.tscHz / 1e9,
    ipiFlight: resolved.cpu.cycles.ipiFlight.value,
    barrierCycles: resolved.entryWork.ibpbOnSwitch ? resolved.cpu.cycles.ibpb.value : 0,
    countsPreemption: resolved.traits.countsPreemption,
  };
}

/** What each entry of a guest's vCPU pays on a physical CPU. */
export function entryConditions(resolved: ResolvedHost, guest: ResolvedGuest, cpu: number): EntryConditions {
  const work = resolved.entryWork;
  return {
    apicv: guest.apicvActive.value,
    preemptionTimer: resolved.preemptionTimer.value,
    vpmu: guest.spec.vpmu,
    pku: guest.spec.pku,
    contextTracking: resolved.nohzFull[cpu] === true ? resolved.traits.contextTracking : "none",
    waitsBefore: resolved.traits.timerAdvanceWaits,
    verw: work.verw === "none" && guest.spec.assigned_device ? work.verwForAssignedDevice : work.verw,
    verwToUserspace: work.verwToUserspace,
    l1dFlush: work.l1dFlush,
    retpolines: work.retpolines,
    callDepth: work.callDepth,
    staticCalls: resolved.traits.kvmOps === "static_calls",
    rsbFill: work.rsbFill,
    rsbOneCall: work.rsbOneCall,
    clearBranchHistory: work.clearBranchHistory,
    untrainReturns: work.untrainReturns,
    ibpb: work.ibpb,
    ibrs: work.ibrs,
    pti: work.pti,
    guestUsesSpecCtrl: guest.usesSpecCtrl.value,
    specCtrlDiffers: guest.specCtrlDiffers.value,
  };
}

/** Compiled costs by exit kind, with predictors that know the host's code and with flushed ones. */
export interface VcpuCosts {
  readonly warm: readonly ExitCost[];
  readonly cold: readonly ExitCost[];
}

/** Compiled costs by exit kind; guests with the same conditions share them. */
export class CostCache {
  private readonly resolved: ResolvedHost;
  private readonly byConditions = new Map<string, VcpuCosts>();

  constructor(resolved: ResolvedHost) {
    this.resolved = resolved;
  }

  costs(guest: ResolvedGuest, cpu: number): VcpuCosts {
    const conditions = entryConditions(this.resolved, guest, cpu);
    const key = JSON.stringify(conditions);
    let costs = this.byConditions.get(key);
    if (costs === undefined) {
      const warm = this.compile(conditions, false);
      // Where nothing ever flushes the predictors, nothing is ever cold.
      costs = { warm, cold: conditions.ibpb === "to_userspace" ? this.compile(conditions, true) : warm };
      this.byConditions.set(key, costs);
    }
    return costs;
  }

  private compile(conditions: EntryConditions, cold: boolean): readonly ExitCost[] {
    const { cpu } = this.resolved;
    return KIND_LIST.map(({ handlers, variant, userspace }) => exitCost(cpu, handlers[cpu.vendor], variant, userspace, conditions, cold));
  }
}
