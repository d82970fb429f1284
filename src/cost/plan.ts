/**
 * From conditions to cycles: what one kind of exit costs on one vCPU under the host's present
 * settings, piece by piece and phase by phase. Compiled once per change of configuration; the
 * engine only adds the pieces up.
 *
 *   guest │ world switch, SPEC_CTRL, RSB, inner loop │ fastpath ───────────────────────┐ re-entry
 *         │                                          │ outer loop, dispatch, handler,   │ inner loop, APICv,
 *         └ start                                    │ (QEMU), outer loop               │ vPMU, L1D, VERW, switch
 *                                              effect is visible at its own point       └ interrupts off → entry
 */
import type { CpuModel } from "../hw/cpu-model.ts";
import { quantileTable, logNormal, normalQuantile } from "../sim/samplers.ts";
import { COMPONENT_NAMES, MITIGATION_COMPONENTS, type Component } from "./components.ts";
import { BODY, EXTRAS, HANDLERS, INDIRECT_CALLS, RUN_LOOP, type HandlerName, type HandlerPath } from "./paths.ts";
import { untracedCycles, type ExitTracepoint } from "./tracepoints.ts";

/** How far an exit gets: the slow path, skip the emulation only, skip the handler, re-enter. */
export type Variant = "slow" | "skip" | "handled" | "reenter";

/** What every entry and exit of a vCPU pays, as the host's and guest's settings have it. */
export interface EntryConditions {
  readonly apicv: boolean;
  readonly preemptionTimer: boolean;
  readonly vpmu: boolean;
  readonly pku: boolean;
  /** The physical CPU is nohz_full. */
  readonly contextTracking: "none" | "outer_loop" | "each_entry";
  readonly verw: "none" | "legacy" | "clears_buffers";
  readonly l1dFlush: "never" | "cond" | "always";
  readonly retpolines: boolean;
  readonly rsbFill: boolean;
  readonly rsbOneCall: boolean;
  readonly clearBranchHistory: boolean;
  readonly untrainReturns: boolean;
  readonly ibpb: "none" | "on_vmexit" | "to_userspace";
  readonly ibrs: "none" | "legacy" | "enhanced";
  readonly pti: boolean;
  readonly guestUsesSpecCtrl: boolean;
  /** The guest's value is not the host's: one write at entry, one at exit. */
  readonly specCtrlDiffers: boolean;
}

/** What exits of one compiled cost have added up to; taken out by `takeLedger`. */
export interface CostLedger {
  exits: number;
  cycles: number;
  noise: number;
  flushes: number;
}

export interface ExitCost {
  /** Filled by the engine: one addition here stands for one in each component. */
  readonly ledger: CostLedger;
  /** Cycles without noise and without a conditional flush. */
  readonly total: number;
  /** From the exit to the instant at which its effect is visible. */
  readonly effectAt: number;
  /** From the exit to the first host interrupt it lets in; Infinity for a re-entry. */
  readonly interruptsOnAt: number;
  /** The last part, host interrupts off, up to the guest's next instruction. */
  readonly entry: number;
  /** From the busy-wait's end of a timer fired early to the guest. */
  readonly afterWait: number;
  /** Mitigation cycles right after the world switch, and right before the guest. */
  readonly mitigationOut: number;
  readonly mitigationIn: number;
  /** All mitigation cycles, wherever they fall; a conditional flush comes on top. */
  readonly mitigation: number;
  /** Where the world switch out ends. */
  readonly switchOut: number;
  /** Cycles of `total` that lie outside of kvm_exit … kvm_entry, by where kvm_exit is traced. */
  readonly untraced: Readonly<Record<ExitTracepoint, number>>;
  /** Cycles by component, in the order of COMPONENT_NAMES; sums to `total`. */
  readonly components: Float64Array;
  /** Each entry flushes the L1D cache. */
  readonly flushesAlways: boolean;
  /** Extra cycles of a conditional L1D flush; 0 when the host does none. */
  readonly conditionalFlush: number;
  /** What leaving the inner loop after all would add (a re-entry that found a request). */
  readonly leaveLoop: number;
  /** Noise: `spreadTable` at a uniform draw, times `spreadScale`, into component `spreadInto`. */
  readonly spreadTable: Float64Array;
  readonly spreadScale: number;
  readonly spreadInto: number;
}

const INDEX = Object.fromEntries(COMPONENT_NAMES.map((name, index) => [name, index])) as Record<Component, number>;
export const componentIndex = (name: Component): number => INDEX[name];

const BODY_TABLE = quantileTable(bodyQuantile);
const TAIL_TABLES = new Map<number, Float64Array>();

/** Near-constant body: normal, then the slow share at the top. */
function bodyQuantile(u: number): number {
  const fast = 1 - BODY.tailShare;
  return u > fast ? BODY.tail : BODY.sigma * normalQuantile(u / fast);
}

function tailTable(cv: number): Float64Array {
  let table = TAIL_TABLES.get(cv);
  if (table === undefined) {
    table = quantileTable((u) => logNormal(u, cv));
    TAIL_TABLES.set(cv, table);
  }
  return table;
}

/** Costs one kind of exit. `userspace`: it goes to QEMU and back. */
export function exitCost(cpu: CpuModel, handler: HandlerName, variant: Variant, userspace: boolean, on: EntryConditions): ExitCost {
  const parts = new Float64Array(COMPONENT_NAMES.length);
  const { cycles } = cpu;
  const software = (value: number): number => Math.round(value * cycles.softwareScale.value);
  const add = (component: Component, value: number): number => {
    parts[INDEX[component]] = (parts[INDEX[component]] as number) + value;
    return value;
  };
  const slow = variant === "slow";
  const path: HandlerPath = slow ? HANDLERS[handler] : fastPath(HANDLERS[handler]);
  const retpoline = on.retpolines ? cycles.retpoline.value : 0;
  const out = addWayOut(add, cpu, on, indirectCalls(variant, path.indirectCalls) * retpoline, userspace);
  const inner = software(RUN_LOOP.inner.value);
  const firstHalf = Math.round(inner / 2);
  let at = out.switchOut + out.mitigation + add("run_loop", firstHalf);
  const tracked = trackingCycles(on, variant, software);
  at += add("context_tracking", tracked - Math.round(tracked / 2));

  const heavy = path.spread > 0;
  const work = heavy ? 0 : software(path.value);
  const before = heavy ? 0 : Math.round((work * path.before) / Math.max(path.value, 1));
  const early = slow ? add("run_loop", software(RUN_LOOP.outer.value / 2 + RUN_LOOP.dispatch.value)) : 0;
  const irqoff = variant === "skip" ? software(RUN_LOOP.irqoff.value) : 0;
  const effectAt = at + early + irqoff + add("handler", before);
  const interruptsOnAt = slow ? at + Math.round(early / 2) : variant === "reenter" ? Infinity : effectAt;
  at = effectAt + add("handler", work - before);
  if (variant === "reenter") at += add("run_loop", software(RUN_LOOP.continuation.value));
  else at += add("run_loop", software(slow ? RUN_LOOP.outer.value / 2 : RUN_LOOP.outer.value)) - irqoff;
  if (userspace) at += add("userspace", software(EXTRAS.userspace.value));

  const entry = addEntry(add, cpu, on, inner - firstHalf, Math.round(tracked / 2));
  return {
    ledger: { exits: 0, cycles: -0, noise: -0, flushes: 0 },
    total: at + entry.total,
    effectAt,
    interruptsOnAt,
    entry: entry.total,
    afterWait: entry.afterWait,
    switchOut: out.switchOut,
    untraced: untracedCycles({
      switched: out.switchOut + out.mitigationAtExit,
      inner: firstHalf + INDIRECT_CALLS.inner * retpoline,
      innerTraced: software(RUN_LOOP.innerTraced.value),
      tracking: tracked - Math.round(tracked / 2),
      trackingInside: on.contextTracking === "each_entry",
      outer: variant === "reenter" ? 0 : software(RUN_LOOP.outer.value / 2) + (INDIRECT_CALLS.outer / 2) * retpoline,
      // A fastpath, and a host interrupt's dispatch in handle_exit_irqoff, come before the exit handler.
      handledBefore: slow && handler !== "externalInterrupt" ? 0 : work + path.indirectCalls * retpoline,
      entry: entry.traced,
    }),
    mitigationOut: out.mitigation,
    mitigationIn: entry.mitigation,
    mitigation: MITIGATION_COMPONENTS.reduce((sum, name) => sum + (parts[INDEX[name]] as number), 0),
    components: parts,
    flushesAlways: on.l1dFlush === "always",
    conditionalFlush: on.l1dFlush === "cond" ? cycles.l1dFlush.value : 0,
    leaveLoop: software(RUN_LOOP.outer.value),
    spreadTable: heavy ? tailTable(path.spread) : BODY_TABLE,
    spreadScale: heavy ? software(path.value) : at + entry.total,
    spreadInto: INDEX[heavy ? "handler" : "run_loop"],
  };
}

const fastPath = (whole: HandlerPath): HandlerPath => ({ ...whole, ...whole.fast });

type Add = (component: Component, value: number) => number;

function indirectCalls(variant: Variant, handlerCalls: number): number {
  const { inner, outer, dispatch } = INDIRECT_CALLS;
  return inner + handlerCalls + (variant === "reenter" ? 0 : outer) + (variant === "slow" ? dispatch : 0);
}

/** Before 5.9 context tracking sits outside the inner loop, so a re-entry does not pay it. */
function trackingCycles(on: EntryConditions, variant: Variant, software: (value: number) => number): number {
  if (on.contextTracking === "none") return 0;
  return on.contextTracking === "outer_loop" && variant === "reenter" ? 0 : software(RUN_LOOP.contextTracking.value);
}

/** World switch, SPEC_CTRL read and restored, predictors cleaned; retpolines on the way, page tables switched for QEMU. */
function addWayOut(
  add: Add,
  { cycles }: CpuModel,
  on: EntryConditions,
  retpolines: number,
  userspace: boolean,
): { switchOut: number; mitigation: number; mitigationAtExit: number } {
  const switchOut = add("hardware", Math.round(cycles.worldSwitch.value / 2));
  let sum = 0;
  if (on.guestUsesSpecCtrl) sum += add("spec_ctrl", cycles.rdmsrSpecCtrl.value);
  // Legacy IBRS writes the host's value on every exit; otherwise only when the guest's differs.
  if (on.ibrs === "legacy" || on.specCtrlDiffers) sum += add("spec_ctrl", cycles.wrmsrSpecCtrl.value);
  if (on.rsbFill) sum += add("rsb", cycles.rsbFill.value);
  if (on.rsbOneCall) sum += add("rsb", cycles.rsbOneCall.value);
  if (on.clearBranchHistory) sum += add("branch_history", cycles.clearBranchHistory.value);
  if (on.untrainReturns) sum += add("return_thunks", cycles.untrainReturns.value);
  if (on.ibpb === "on_vmexit") sum += add("ibpb", cycles.ibpb.value);
  const mitigationAtExit = sum;
  if (on.ibpb === "to_userspace" && userspace) sum += add("ibpb", cycles.ibpb.value);
  sum += add("indirect_branches", retpolines);
  if (on.pti && userspace) sum += add("pti", cycles.cr3Writes.value);
  return { switchOut, mitigation: sum, mitigationAtExit };
}

function addEntry(
  add: Add,
  { cycles }: CpuModel,
  on: EntryConditions,
  inner: number,
  tracked: number,
): { total: number; traced: number; afterWait: number; mitigation: number } {
  // kvm_entry is traced between the sync of posted interrupts and vmx_vcpu_run.
  const sync = on.apicv ? add("apicv", cycles.apicvSync.value) : 0;
  let at = sync + add("run_loop", inner);
  if (on.preemptionTimer) at += add("preemption_timer", cycles.preemptionTimerLoad.value);
  if (on.vpmu) at += add("vpmu", cycles.vpmuSwitch.value);
  if (on.pku) at += add("pku", cycles.pkruSwitch.value);
  // __kvm_wait_lapic_expire runs here, after the preemption timer was loaded.
  let after = add("context_tracking", tracked);
  let mitigation = 0;
  if (on.specCtrlDiffers) mitigation += add("spec_ctrl", cycles.wrmsrSpecCtrl.value);
  if (on.l1dFlush === "always") mitigation += add("l1d_flush", cycles.l1dFlush.value);
  if (on.verw !== "none") mitigation += add("verw", (on.verw === "legacy" ? cycles.verwLegacy : cycles.verw).value);
  after += mitigation + add("hardware", cycles.worldSwitch.value - Math.round(cycles.worldSwitch.value / 2));
  return { total: at + after, traced: at + after - sync, afterWait: after, mitigation };
}
