/**
 * A bare guest that plays a fixed list of operations, like a test of kvm-unit-tests: no tick,
 * no scheduler. Its interrupt handlers do an EOI and return.
 */
import { nearest } from "../lib/nearest.ts";
import type { Instant } from "../lib/units.ts";
import { OP, Program, type MoveInstant, type Op, type Vector } from "./program.ts";

/** One line of the script. `after`: an operand relative to the instant at which it executes, in ticks of its TSC. */
export interface Line {
  readonly compute: number;
  readonly op: Op;
  readonly operand?: number;
  readonly after?: number;
}

/** Cycles of a bare handler before its EOI and after it (assumed: a few dozen instructions). */
const HANDLER_CYCLES = 100;

export class ScriptProgram extends Program {
  private readonly lines: readonly Line[];
  private at = 0;
  private handler: 0 | 1 | 2 = 0;
  private cyclesPerTick = 1;
  /** Interrupts taken, by vector bit, for tests. */
  readonly taken: Vector[] = [];
  /** When each of them was taken. */
  readonly takenAt: number[] = [];

  constructor(lines: readonly Line[]) {
    super();
    this.lines = lines;
  }

  override next(now: Instant): void {
    if (this.handler === 1) {
      this.handler = 2;
      this.run(HANDLER_CYCLES, OP.none);
      return;
    }
    if (this.handler === 2) {
      this.handler = 0;
      this.endOfHandler();
      return;
    }
    const line = this.lines[this.at++];
    if (line === undefined) {
      this.run(Infinity, OP.done);
      return;
    }
    const operand = line.after === undefined ? (line.operand ?? 0) : now + line.compute + nearest(line.after * this.cyclesPerTick);
    this.run(line.compute, line.op, operand);
  }

  protected override startHandler(vector: Vector, now: Instant): void {
    this.taken.push(vector);
    this.takenAt.push(now);
    this.handler = 1;
    this.run(HANDLER_CYCLES, OP.eoi);
  }

  override arrive(): boolean {
    return true;
  }

  override moveInstants(move: MoveInstant): void {
    this.moveOperands(move);
  }

  override scaleTsc(cyclesPerTick: number): void {
    this.cyclesPerTick = cyclesPerTick;
  }
}
