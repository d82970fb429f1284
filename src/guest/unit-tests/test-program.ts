/**
 * A vCPU of the bare kernel of kvm-unit-tests: no tick, no scheduler, one main function and one
 * interrupt handler, both written as generators that yield what the guest does next.
 *
 * kvm-unit-tests x86/vmexit.c, x86/tscdeadline_latency.c, lib/x86/apic.c.
 */
import type { Instant } from "../../lib/units.ts";
import { OP, Program, type MoveInstant, type Op, type Vector } from "../program.ts";

/** A stretch of computation and the operation that ends it. */
export interface Step {
  readonly compute: number;
  readonly op: Op;
  readonly operand?: number;
}

export type Steps = Generator<Step, void, void>;

export const step = (op: Op, operand = 0, compute = 0): Step => ({ compute, op, operand });
/** Computes for so long. */
export const compute = (cycles: number): Step => ({ compute: cycles, op: OP.none });
/** Spins until something that this vCPU sees changes: its own handler, or another vCPU's store. */
const SPIN: Step = { compute: Infinity, op: OP.none };
/** From a change in memory to the spinning loop's exit (assumed: a pause, a load, a branch). */
const SPIN_NOTICE_CYCLES = 40;

export abstract class TestProgram extends Program {
  override readonly haltsOnly = true;
  /** Guest TSC at which the program runs now. */
  protected now: Instant = 0 as Instant;
  private readonly main: Steps;
  private handler: Steps | null = null;
  private spinning = false;

  constructor() {
    super();
    this.main = this.body();
  }

  /** The test's main function. */
  protected abstract body(): Steps;
  /** The interrupt handler, up to its IRET; EOI included. */
  protected abstract handle(vector: Vector): Steps;

  override next(now: Instant): void {
    this.now = now;
    if (this.handler !== null) {
      const at = this.handler.next();
      if (at.done !== true) this.play(at.value);
      else {
        this.handler = null;
        this.endOfHandler();
        // The spinning loop looks again.
        if (this.spinning) this.runCycles = SPIN_NOTICE_CYCLES;
      }
      return;
    }
    this.spinning = false;
    const at = this.main.next();
    this.play(at.done === true ? step(OP.done, 0, Infinity) : at.value);
  }

  override arrive(): boolean {
    return false;
  }

  override moveInstants(move: MoveInstant): void {
    this.moveOperands(move);
    this.now = move(this.now);
  }

  /** Another vCPU stored to memory that this one may be spinning on; true when it has to look. */
  override memoryChanged(): boolean {
    if (!this.spinning || this.handler !== null) return false;
    this.runCycles = SPIN_NOTICE_CYCLES;
    return true;
  }

  protected override startHandler(vector: Vector, now: Instant): void {
    this.now = now;
    this.handler = this.handle(vector);
    this.next(now);
  }

  /** Spins until `done()`. */
  protected *spinUntil(done: () => boolean): Steps {
    while (!done()) {
      this.spinning = true;
      yield SPIN;
    }
  }

  private play({ compute: cycles, op, operand }: Step): void {
    this.run(cycles, op, operand);
  }
}
