/**
 * The timer tests: `tscdeadline_immed` and `tscdeadline` of vmexit.flat, tscdeadline_latency.flat,
 * and the write of a deadline far away.
 */
import { nearest } from "../../lib/nearest.ts";
import type { Instant } from "../../lib/units.ts";
import { OP, type MoveInstant, type Vector } from "../program.ts";
import type { Samples } from "./samples.ts";
import { TestProgram, compute, step, type Steps } from "./test-program.ts";

/** Handler of an interrupt: entry, a store, return (assumed: an interrupt gate and a few instructions). */
const HANDLER_CYCLES = 120;

/** WRMSR of now + `ahead` (a deadline already past when 0), until its handler ran. */
export class DeadlineLoop extends TestProgram {
  private readonly ahead: number;
  private readonly samples: Samples;
  private fired = false;

  constructor(ahead: number, samples: Samples) {
    super();
    this.ahead = ahead;
    this.samples = samples;
  }

  protected override *body(): Steps {
    for (;;) {
      const start = this.now;
      this.fired = false;
      yield step(OP.tscDeadline, Math.max(1, start + this.ahead));
      yield* this.spinUntil(() => this.fired);
      this.samples.add(this.now - start);
    }
  }

  protected override *handle(_vector: Vector): Steps {
    yield compute(HANDLER_CYCLES);
    this.fired = true;
    yield step(OP.eoi);
  }
}

/** Deadline to the handler's first RDTSC, re-armed from the handler; the main loop halts or spins. */
export class DeadlineLatency extends TestProgram {
  private readonly samples: Samples;
  private readonly halts: boolean;
  private deadline = 0;
  private ahead = AHEAD;

  /** @param halts the main loop executes HLT; otherwise it spins. */
  constructor(samples: Samples, halts: boolean) {
    super();
    this.samples = samples;
    this.halts = halts;
  }

  protected override *body(): Steps {
    this.deadline = this.now + this.ahead;
    yield step(OP.tscDeadline, this.deadline);
    for (;;) yield this.halts ? step(OP.halt) : compute(AHEAD);
  }

  protected override *handle(_vector: Vector): Steps {
    this.samples.add(this.now - this.deadline);
    this.deadline = this.now + this.ahead;
    yield step(OP.tscDeadline, this.deadline);
    yield step(OP.eoi);
  }

  override moveInstants(move: MoveInstant): void {
    super.moveInstants(move);
    this.deadline = move(this.deadline as Instant);
  }

  override scaleTsc(cyclesPerTick: number): void {
    this.ahead = nearest(AHEAD * cyclesPerTick);
  }
}

/** tscdeadline_latency.flat's default distance. */
const AHEAD = 200_000;
