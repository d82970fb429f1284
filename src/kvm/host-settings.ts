/** What a resolved host means to each part of the engine. */
import { EXTRAS } from "../cost/paths.ts";
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
  const { cpu, fastpath: decisions, traits } = resolved;
  const reenters = cpu.vendor === "intel" || traits.reentryLoop === "vcpu_enter_guest";
  return { decisions, traits, misses: missNumbers(cpu.vendor), reenters };
}

export function loopSettings(resolved: ResolvedHost): RunLoopSettings {
  const cstates = cstatesOf(resolved.spec.cpu, resolved.spec.cstates);
  const shallow = cstates.filter(({ name }) => name === "c1");
  return {
    ghz: resolved.tscHz / 1e9,
    // AMD's deeper state is entered by a read of an I/O port, which a guest's MWAIT is not.
    mwaitCstates: resolved.cpu.vendor === "intel" ? cstates : shallow,
    hltCstates: shallow,
    interruptDelivery: resolved.cpu.cycles.interruptDelivery.value,
    rescheduleCycles: Math.round(EXTRAS.reschedule.value * resolved.cpu.cycles.softwareScale.value),
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

  costs(guest: ResolvedGuest, physicalCpu: number): readonly ExitCost[] {
    const conditions = entryConditions(this.resolved, guest, this.resolved.nohzFull[physicalCpu] === true);
    const key = JSON.stringify(conditions);
    let costs = this.byConditions.get(key);
    if (costs === undefined) {
      const { cpu } = this.resolved;
      costs = KIND_LIST.map(({ handlers, variant, userspace }) => exitCost(cpu, handlers[cpu.vendor], variant, userspace, conditions));
      this.byConditions.set(key, costs);
    }
    return costs;
  }
}
