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
import type { Figure } from "../hw/figure.ts";
import { componentIndex, MITIGATION_COMPONENTS } from "./components.ts";
import type { EntryConditions, ExitTracepoint } from "./conditions.ts";
import { ExitPieces, type Piece } from "./exit-pieces.ts";
import { BODY_TABLE, tailTable, USERSPACE_TABLE } from "./noise.ts";
import {
  BODY,
  EXTRAS,
  HANDLERS,
  INDIRECT_CALLS,
  RUN_LOOP,
  TABLE_CALLS,
  type HandlerName,
  type HandlerPath,
  USERSPACE_TAIL,
} from "./paths.ts";

/** How far an exit gets: the slow path, skip the emulation only, skip the handler, re-enter. */
export type Variant = "slow" | "skip" | "handled" | "reenter";

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
  /** All mitigation cycles, wherever they fall; a conditional flush comes on top. */
  readonly mitigation: number;
  /** Where the world switch out ends. */
  readonly switchOut: number;
  /** Cycles outside of kvm_exit … kvm_entry, by where kvm_exit is traced. */
  readonly untraced: Readonly<Record<ExitTracepoint, number>>;
  /** Cycles by component, in the order of COMPONENT_NAMES; sums to `total`. */
  readonly components: Float64Array;
  /** Each entry flushes the L1D cache. */
  readonly flushesAlways: boolean;
  /** Extra cycles of a conditional L1D flush; 0 when the host does none. */
  readonly conditionalFlush: number;
  /** An IBPB lies on the way: the next exit's and the guest's branches are unpredicted. */
  readonly flushesPredictors: boolean;
  /** What leaving the inner loop after all would add (a re-entry that found a request). */
  readonly leaveLoop: number;
  /** Cycles of host code among them, a heavy-tailed handler's mean included: what takes longer where caches are cold. */
  readonly software: number;
  /** Noise: `spreadTable` at a uniform draw, times `spreadScale`, into component `spreadInto`. */
  readonly spreadTable: Float64Array;
  readonly spreadScale: number;
  readonly spreadInto: number;
}

/**
 * Costs one kind of exit.
 * @param userspace it goes to QEMU and back.
 * @param cold the branch predictors were flushed since the code before this exit's own barrier ran last.
 */
export function exitCost(
  cpu: CpuModel,
  handler: HandlerName,
  variant: Variant,
  userspace: boolean,
  on: EntryConditions,
  cold = false,
): ExitCost {
  return compiled(new ExitPieces(cpu, on, cold, null), handler, variant, userspace);
}

/** What an exit's cycles are made of, figure by figure. */
export interface ItemizedCost {
  readonly pieces: readonly Piece[];
  /** What the noise is a spread of. */
  readonly spreadOf: Figure;
}

/** The same as `exitCost`, with the figures that it used. */
export function itemizedCost(...[cpu, handler, variant, userspace, on, cold = false]: Parameters<typeof exitCost>): ItemizedCost {
  const pieces: Piece[] = [];
  compiled(new ExitPieces(cpu, on, cold, pieces), handler, variant, userspace);
  const { tail, source } = userspace ? USERSPACE_TAIL : BODY;
  const body = { value: tail, source };
  return { pieces, spreadOf: HANDLERS[handler].spread > 0 ? figureOf(handler, variant) : body };
}

/** The figure of the handler, or of what its fastpath does instead. */
function figureOf(handler: HandlerName, variant: Variant): Figure {
  const path: HandlerPath = HANDLERS[handler];
  return variant === "slow" ? path : (path.fast ?? path);
}

function compiled(pieces: ExitPieces, handler: HandlerName, variant: Variant, userspace: boolean): ExitCost {
  const { cpu, on } = pieces;
  const { switchOut, leftAt } = leaveGuest(pieces);
  const path = variant === "slow" ? HANDLERS[handler] : { ...HANDLERS[handler], ...HANDLERS[handler].fast };
  // Host interrupts are handled in handle_exit_irqoff, before the exit's own handler.
  const { handleExitAt, ...points } = handle(pieces, path, figureOf(handler, variant), variant, handler === "externalInterrupt");
  if (userspace) hopToUserspace(pieces);
  const entry = enterGuest(pieces, variant);
  const { parts, at: total } = pieces;
  const heavy = path.spread > 0;
  const afterKvmEntry = total - entry.tracedAt;
  return {
    ledger: { exits: 0, cycles: -0, noise: -0, flushes: 0 },
    total,
    ...points,
    entry: total - entry.from,
    afterWait: total - (on.waitsBefore === "vcpu_enter_guest" ? entry.from : entry.waitsAt),
    switchOut,
    untraced: { right_after_exit: leftAt + afterKvmEntry, in_handle_exit: handleExitAt + afterKvmEntry },
    mitigation: MITIGATION_COMPONENTS.reduce((sum, name) => sum + (parts[componentIndex(name)] as number), 0),
    components: parts,
    flushesAlways: on.l1dFlush === "always",
    conditionalFlush: on.l1dFlush === "cond" ? cpu.cycles.l1dFlush.value : 0,
    flushesPredictors: pieces.barrier,
    leaveLoop: pieces.reference(RUN_LOOP.outer.value),
    software: pieces.software + (heavy ? pieces.reference(path.value) : 0),
    spreadTable: heavy ? tailTable(path.spread) : userspace ? USERSPACE_TABLE : BODY_TABLE,
    spreadScale: heavy ? pieces.reference(path.value) : total,
    spreadInto: componentIndex(heavy ? "handler" : "run_loop"),
  };
}

const loopCalls = ({ staticCalls }: EntryConditions): Readonly<Record<keyof typeof INDIRECT_CALLS, number>> =>
  staticCalls ? TABLE_CALLS : INDIRECT_CALLS;

/** From the guest's last instruction into the inner loop: SPEC_CTRL is read and restored, predictors are cleaned; `leftAt` is where 5.8 traces kvm_exit. */
function leaveGuest(pieces: ExitPieces): { switchOut: number; leftAt: number } {
  const { on } = pieces;
  const { cycles } = pieces.cpu;
  pieces.add("hardware", Math.round(cycles.worldSwitch.value / 2), cycles.worldSwitch);
  const switchOut = pieces.at;
  if (on.guestUsesSpecCtrl) pieces.hardware("spec_ctrl", cycles.rdmsrSpecCtrl);
  // Legacy IBRS writes the host's value on every exit; otherwise only when the guest's differs.
  if (on.ibrs === "legacy" || on.specCtrlDiffers) pieces.hardware("spec_ctrl", cycles.wrmsrSpecCtrl);
  if (on.rsbFill) pieces.hardware("rsb", cycles.rsbFill);
  if (on.rsbOneCall) pieces.hardware("rsb", cycles.rsbOneCall);
  if (on.clearBranchHistory) pieces.hardware("branch_history", cycles.clearBranchHistory);
  if (on.untrainReturns) pieces.hardware("return_thunks", cycles.untrainReturns);
  if (on.ibpb === "on_vmexit") pieces.ibpb();
  pieces.kernel("run_loop", RUN_LOOP.innerExit, 1, loopCalls(on).innerExit);
  pieces.tracedBy = ["right_after_exit"];
  return { switchOut, leftAt: pieces.at };
}

type Points = Pick<ExitCost, "effectAt" | "interruptsOnAt"> & {
  /** Where vmx_handle_exit begins, which traces kvm_exit before 5.8. */
  readonly handleExitAt: number;
};

const BOTH_TRACEPOINTS: readonly ExitTracepoint[] = ["right_after_exit", "in_handle_exit"];

/** The fastpath, or the outer loop with dispatch and handler. `early`: the work is done before vmx_handle_exit. */
function handle(pieces: ExitPieces, path: HandlerPath, figure: Figure, variant: Variant, early: boolean): Points {
  const slow = variant === "slow";
  const heavy = path.spread > 0;
  const { outer, dispatch, irqoff, continuation } = RUN_LOOP;
  const { outer: calls, dispatch: dispatchCalls } = loopCalls(pieces.on);
  const fastpathAt = pieces.at;
  if (slow) pieces.kernel("run_loop", outer, 1 / 2, calls / 2);
  const outAt = pieces.at;
  if (slow) pieces.tracedBy = BOTH_TRACEPOINTS;
  if (slow) pieces.kernel("run_loop", dispatch, 1, dispatchCalls);
  if (variant === "skip") pieces.kernel("run_loop", irqoff);
  const dispatchedAt = pieces.at;
  if (early) pieces.tracedBy = ["right_after_exit"];
  if (!heavy) pieces.kernelCycles("handler", path.before, pieces.on.staticCalls ? path.tableCalls : path.indirectCalls, figure);
  const effectAt = pieces.at;
  if (!heavy) pieces.kernelCycles("handler", path.value - path.before, 0, figure);
  if (variant === "reenter") {
    pieces.kernel("run_loop", continuation);
    return { effectAt, interruptsOnAt: Infinity, handleExitAt: pieces.at };
  }
  const handled = pieces.at - dispatchedAt;
  if (!slow) pieces.kernelCycles("run_loop", outer.value / 2 - (variant === "skip" ? irqoff.value : 0), calls / 2, outer);
  pieces.tracedBy = BOTH_TRACEPOINTS;
  const handleExitAt = slow ? outAt + (early ? handled : 0) : pieces.at;
  pieces.kernel("run_loop", outer, 1 / 2, calls / 2);
  return { effectAt, interruptsOnAt: slow ? Math.round((fastpathAt + outAt) / 2) : effectAt, handleExitAt };
}

/** KVM_RUN returns to QEMU, which emulates the device and calls KVM_RUN again. */
function hopToUserspace(pieces: ExitPieces): void {
  const { on } = pieces;
  const { cr3Writes, wrmsrSpecCtrl, verw, verwLegacy } = pieces.cpu.cycles;
  const cr3 = Math.round(cr3Writes.value / 2);
  const { hopKernel, hopQemu, hopContextTracking } = EXTRAS;
  pieces.kernel("userspace", hopKernel, 1 / 2);
  if (on.contextTracking !== "none") pieces.kernel("context_tracking", hopContextTracking);
  if (on.ibpb === "to_userspace") pieces.ibpb();
  if (on.ibrs === "legacy") pieces.hardware("spec_ctrl", wrmsrSpecCtrl);
  if (on.verwToUserspace !== "none") pieces.hardware("verw", on.verwToUserspace === "legacy" ? verwLegacy : verw);
  if (on.pti) pieces.add("pti", cr3, cr3Writes);
  pieces.user(hopQemu);
  if (on.pti) pieces.add("pti", cr3Writes.value - cr3, cr3Writes);
  if (on.ibrs === "legacy") pieces.hardware("spec_ctrl", wrmsrSpecCtrl);
  pieces.kernel("userspace", hopKernel, 1 / 2);
}

/** The second half of the inner loop, from kvm_entry on; `waitsAt` is where it waits for the deadline of a timer fired early. */
function enterGuest(pieces: ExitPieces, variant: Variant): { from: number; tracedAt: number; waitsAt: number } {
  const { on } = pieces;
  const { cycles } = pieces.cpu;
  const from = pieces.at;
  if (on.apicv) pieces.hardware("apicv", cycles.apicvSync);
  const tracedAt = pieces.at;
  pieces.tracedBy = [];
  pieces.kernel("run_loop", RUN_LOOP.innerEntry, 1, loopCalls(on).innerEntry);
  if (on.preemptionTimer) pieces.hardware("preemption_timer", cycles.preemptionTimerLoad);
  if (on.vpmu) pieces.hardware("vpmu", cycles.vpmuSwitch);
  if (on.pku) pieces.hardware("pku", cycles.pkruSwitch);
  const waitsAt = pieces.at;
  if (tracksContext(on, variant)) pieces.kernel("context_tracking", RUN_LOOP.contextTracking);
  if (on.specCtrlDiffers) pieces.hardware("spec_ctrl", cycles.wrmsrSpecCtrl);
  if (on.l1dFlush === "always") pieces.hardware("l1d_flush", cycles.l1dFlush);
  if (on.verw !== "none") pieces.hardware("verw", on.verw === "legacy" ? cycles.verwLegacy : cycles.verw);
  pieces.add("hardware", cycles.worldSwitch.value - Math.round(cycles.worldSwitch.value / 2), cycles.worldSwitch);
  return { from, tracedAt, waitsAt };
}

/** Before 5.9 context tracking sits outside the inner loop, so a re-entry does not pay it. */
const tracksContext = (on: EntryConditions, variant: Variant): boolean =>
  on.contextTracking === "each_entry" || (on.contextTracking === "outer_loop" && variant !== "reenter");
