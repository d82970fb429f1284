/** The IPI tests: one target that halts or spins, all but self, and self. */
import { CALL_FUNCTION_CYCLES } from "../ipi-method.ts";
import { OP, type Op, type Vector } from "../program.ts";
import type { Samples } from "./samples.ts";
import { TestProgram, compute, step, type Steps } from "./test-program.ts";

const HANDLER_CYCLES = 120;

/** The sends of a call to all of `targets`: queued for each of them before the first is sent. */
export function callFunction(sends: readonly Send[], targets: number): readonly Send[] {
  return sends.map((send, i) => (i === 0 ? { ...send, compute: targets * CALL_FUNCTION_CYCLES } : send));
}

/** One operation that sends, and what the guest computes before it. */
export interface Send {
  readonly op: Op;
  readonly operand: number;
  readonly compute?: number;
}

/** Sends an IPI and waits until every target has run its function. */
export class IpiSender extends TestProgram {
  /** Targets that have run the function. */
  acknowledged = 0;
  private readonly sends: readonly Send[];
  private readonly targets: number;
  private readonly samples: Samples;

  /** @param sends the operations that reach all `targets`: one hypercall, or an ICR write for each. */
  constructor(sends: readonly Send[], targets: number, samples: Samples) {
    super();
    this.sends = sends;
    this.targets = targets;
    this.samples = samples;
  }

  protected override *body(): Steps {
    yield compute(START_CYCLES);
    for (;;) {
      const start = this.now;
      this.acknowledged = 0;
      for (const { op, operand, compute: before } of this.sends) yield step(op, operand, before);
      yield* this.spinUntil(() => this.acknowledged === this.targets);
      this.samples.add(this.now - start);
    }
  }

  protected override *handle(_vector: Vector): Steps {
    yield compute(HANDLER_CYCLES);
    this.acknowledged++;
    yield step(OP.eoi);
  }
}

/** Runs the function of each IPI; between them it halts or spins. */
export class IpiTarget extends TestProgram {
  private readonly sender: IpiSender;
  private readonly senderNumber: number;
  private readonly halts: boolean;

  constructor(sender: IpiSender, senderNumber: number, halts: boolean) {
    super();
    this.sender = sender;
    this.senderNumber = senderNumber;
    this.halts = halts;
  }

  protected override *body(): Steps {
    for (;;) yield this.halts ? step(OP.halt) : compute(Infinity);
  }

  protected override *handle(_vector: Vector): Steps {
    yield compute(HANDLER_CYCLES);
    this.sender.acknowledged++;
    this.stored(this.senderNumber);
    yield step(OP.eoi);
  }
}

/** The targets are up and waiting before the first IPI. */
const START_CYCLES = 1_000_000;

/** Interrupts itself, until its handler ran. */
export class SelfIpi extends TestProgram {
  private readonly samples: Samples;
  private taken = false;

  constructor(samples: Samples) {
    super();
    this.samples = samples;
  }

  protected override *body(): Steps {
    for (;;) {
      const start = this.now;
      this.taken = false;
      yield step(OP.selfIpi);
      yield* this.spinUntil(() => this.taken);
      this.samples.add(this.now - start);
    }
  }

  protected override *handle(_vector: Vector): Steps {
    yield compute(HANDLER_CYCLES);
    this.taken = true;
    yield step(OP.eoi);
  }
}
