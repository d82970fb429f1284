/** What a resolved host means to each part of the engine. */
import { EXTRAS } from "../cost/paths.ts";
import { cyclesOf } from "../lib/units.ts";
import { Cfs } from "./cfs.ts";
import { Eevdf } from "./eevdf.ts";
import type { SchedulerSettings } from "./scheduler.ts";
import type { SwitchSettings } from "./vcpu-switch.ts";
import { exitCost, type EntryConditions, type ExitCost } from "../cost/plan.ts";
import { cstatesOf } from "../hw/cstates.ts";
import { KIND_LIST } from "./exit-kinds.ts";
import type { FastpathSettings } from "./fastpath-settings.ts";
import { missNumbers } from "./misses.ts";
import type { CpuSettings } from "./physical-cpus.ts";
import type { ResolvedGuest, ResolvedHost } from "./resolved.ts";
import type { RunLoopSettings } from "./run-loop.ts";
import type { BlockSettings } from "./vcpu-block.ts";

export function cpuSettings(resolved: ResolvedHost): CpuSettings {
  const { spec } = resolved;
  return {
    ghz: resolved.tscHz / 1e9,
    tickHz: spec.host_hz,
    nohzFull: resolved.nohzFull,
    cstates: cstatesOf(spec.cpu, spec.cmdline.idle === "poll" ? "c0" : spec.cstates),
    hrtimerPinned: resolved.traits.hrtimerPinned,
    softwareScale: resolved.cpu.cycles.softwareScale.value,
  };
}

export function blockSettings(resolved: ResolvedHost): BlockSettings {
  return {
    haltPoll: resolved.haltPoll,
    ghz: resolved.tscHz / 1e9,
    ipiFlight: resolved.cpu.cycles.ipiFlight.value,
    mustBlock: missNumbers(resolved.cpu.vendor).hlt.must_block,
  };
}

export function operationSettings(resolved: ResolvedHost): FastpathSettings {
  return { decisions: resolved.fastpath, traits: resolved.traits, misses: missNumbers(resolved.cpu.vendor) };
}

export function loopSettings(resolved: ResolvedHost): RunLoopSettings {
  const cstates = cstatesOf(resolved.spec.cpu, resolved.spec.cstates);
  return {
    ghz: resolved.tscHz / 1e9,
    mwaitCstates: cstates,
    hltCstates: cstates.filter(({ name }) => name === "c1"),
    interruptDelivery: resolved.cpu.cycles.interruptDelivery.value,
    rescheduleCycles: Math.round(EXTRAS.reschedule.value * resolved.cpu.cycles.softwareScale.value),
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
export function entryConditions(resolved: ResolvedHost, guest: ResolvedGuest, nohzFull: boolean): EntryConditions {
  const work = resolved.entryWork;
  return {
    apicv: guest.apicvActive.value,
    preemptionTimer: resolved.preemptionTimer.value,
    vpmu: guest.spec.vpmu,
    pku: guest.spec.pku,
    contextTracking: nohzFull ? resolved.traits.contextTracking : "none",
    verw: work.verw === "none" && guest.spec.assigned_device ? work.verwForAssignedDevice : work.verw,
    l1dFlush: work.l1dFlush,
    retpolines: work.retpolines,
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

/** Compiled costs by exit kind; guests with the same conditions share them. */
export class CostCache {
  private readonly resolved: ResolvedHost;
  private readonly byConditions = new Map<string, readonly ExitCost[]>();

  constructor(resolved: ResolvedHost) {
    this.resolved = resolved;
  }

  costs(guest: ResolvedGuest, cpu: number): readonly ExitCost[] {
    const conditions = entryConditions(this.resolved, guest, this.resolved.nohzFull[cpu] === true);
    const key = JSON.stringify(conditions);
    let costs = this.byConditions.get(key);
    if (costs === undefined) {
      costs = KIND_LIST.map((kind) => exitCost(this.resolved.cpu, kind.handler, kind.variant, kind.userspace, conditions));
      this.byConditions.set(key, costs);
    }
    return costs;
  }
}
