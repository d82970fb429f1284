/** vmexit.flat's simplest tests: RDTSC, one operation that exits, RDTSC. */
import { OP, type Op, type Vector } from "../program.ts";
import type { Samples } from "./samples.ts";
import { TestProgram, compute, step, type Steps } from "./test-program.ts";

/** Between the two RDTSC of an iteration, the operation aside: their own latency (github.com/esmakokten/cos-vmimg measurements/exit-anatomy). */
const RDTSC_CYCLES = 58;

export class ExitLoop extends TestProgram {
  private readonly operation: Op;
  private readonly operandAt: (now: number) => number;
  private readonly samples: Samples;

  /** @param operandAt gives the operand of each operation, asked when it executes. */
  constructor(operation: Op, samples: Samples, operandAt: (now: number) => number = () => 0) {
    super();
    this.operation = operation;
    this.samples = samples;
    this.operandAt = operandAt;
  }

  protected override *body(): Steps {
    for (;;) {
      const start = this.now;
      yield step(this.operation, this.operandAt(start), RDTSC_CYCLES);
      this.samples.add(this.now - start);
    }
  }

  protected override *handle(_vector: Vector): Steps {
    yield step(OP.eoi);
  }
}

/** A vCPU that does nothing but compute. */
export class Bystander extends TestProgram {
  protected override *body(): Steps {
    yield compute(Infinity);
  }

  protected override *handle(_vector: Vector): Steps {
    yield step(OP.eoi);
  }
}
