/**
 * Pieces of one exit laid end to end. What slows host code down (retpolines, legacy IBRS, counted
 * calls, cold predictors) is added where that code runs. Whoever asks gets a list of the pieces, each with the
 * figures that it is made of.
 */
import type { CpuModel } from "../hw/cpu-model.ts";
import type { Figure } from "../hw/figure.ts";
import { COMPONENT_NAMES, type Component, componentIndex } from "./components.ts";
import type { EntryConditions, ExitTracepoint } from "./conditions.ts";

/** A stretch of an exit. */
export interface Piece {
  readonly component: Component;
  readonly cycles: number;
  /** Tracepoints of kvm_exit that lie before it, while kvm_entry does not. */
  readonly tracedBy: readonly ExitTracepoint[];
  /** All that its length was computed from; it is known no better than the worst of them. */
  readonly figures: readonly Figure[];
}

export class ExitPieces {
  readonly parts = new Float64Array(COMPONENT_NAMES.length);
  /** Cycles since the exit. */
  at = 0;
  /** Cycles of code, without what mitigations add. */
  software = 0;
  /** An IBPB lies on the way. */
  barrier = false;
  tracedBy: readonly ExitTracepoint[] = [];
  readonly cpu: CpuModel;
  readonly on: EntryConditions;
  private cold: boolean;
  private readonly pieces: Piece[] | null;

  /** @param pieces takes the list of them; null: nobody asks. */
  constructor(cpu: CpuModel, on: EntryConditions, cold: boolean, pieces: Piece[] | null) {
    this.cpu = cpu;
    this.on = on;
    this.cold = cold;
    this.pieces = pieces;
  }

  add(component: Component, cycles: number, ...figures: readonly Figure[]): void {
    const index = componentIndex(component);
    if (this.pieces !== null && cycles !== 0) this.pieces.push({ component, cycles, tracedBy: this.tracedBy, figures });
    this.parts[index] = (this.parts[index] as number) + cycles;
    this.at += cycles;
  }

  hardware(component: Component, figure: Figure): void {
    this.add(component, figure.value, figure);
  }

  /** Cycles of software on this model, given those on the reference core. */
  reference(cycles: number): number {
    return Math.round(cycles * this.cpu.cycles.softwareScale.value);
  }

  /** Host kernel code: this part of a path, with so many indirect calls. */
  kernel(component: Component, figure: Figure, part = 1, indirectCalls = 0): void {
    this.kernelCycles(component, figure.value * part, indirectCalls, figure);
  }

  /** The same, where the part is so many cycles of the reference core. */
  kernelCycles(component: Component, referenceCycles: number, indirectCalls: number, figure: Figure): void {
    const cycles = this.reference(referenceCycles);
    const { ibrsSlowdown, callDepthSlowdown, retpoline, softwareScale } = this.cpu.cycles;
    this.add(component, cycles, figure, softwareScale);
    this.software += cycles;
    if (this.on.retpolines) this.add("indirect_branches", Math.round(indirectCalls * retpoline.value), retpoline);
    if (this.on.ibrs === "legacy") {
      this.add("indirect_branches", Math.round(cycles * ibrsSlowdown.value), ibrsSlowdown, figure, softwareScale);
    }
    if (this.on.callDepth) {
      this.add("return_thunks", Math.round(cycles * callDepthSlowdown.value), callDepthSlowdown, figure, softwareScale);
    }
    this.refill(cycles, figure);
  }

  /** QEMU's code: it runs without IBRS. */
  user(figure: Figure): void {
    const cycles = this.reference(figure.value);
    this.add("userspace", cycles, figure, this.cpu.cycles.softwareScale);
    this.software += cycles;
    this.refill(cycles, figure);
  }

  /** The barrier itself; what runs from here on finds its branches unpredicted. */
  ibpb(): void {
    this.hardware("ibpb", this.cpu.cycles.ibpb);
    this.barrier = true;
    this.cold = true;
  }

  private refill(cycles: number, figure: Figure): void {
    const { predictorRefill, softwareScale } = this.cpu.cycles;
    if (this.cold) this.add("ibpb", Math.round(cycles * predictorRefill.value), predictorRefill, figure, softwareScale);
  }
}
