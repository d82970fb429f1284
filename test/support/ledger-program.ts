/**
 * A guest that keeps books: of each deadline that it arms and of the interrupt that came for it,
 * of messages that it leaves for its other vCPUs with an IPI, of requests from outside. What the
 * host loses or does twice shows in the books.
 */
import { OP, Program, VECTOR, type MoveInstant, type Vector } from "../../src/guest/program.ts";
import { NEVER, type Instant } from "../../src/lib/units.ts";
import { exponential } from "../../src/sim/samplers.ts";
import { Stream } from "../../src/sim/random.ts";

const ORDINARY = [OP.cpuid, OP.portIo, OP.otherMsr, OP.doorbell, OP.hypercall, OP.none, OP.pageFault] as const;
const MEAN = { compute: 9000, deadline: 120_000, request: 400_000 };

/** How it arms its timer: by a deadline, or by a count down to it. */
export type LedgerTimer = "tscDeadline" | "oneShot";

export class LedgerProgram extends Program {
  /** Deadline that waits for its interrupt, in this host's cycles. */
  armed: number | null = null;
  /** How late each interrupt came. */
  readonly late: number[] = [];
  /** Timer interrupts that no deadline asked for, and those before their deadline. */
  readonly wrong: string[] = [];
  armings = 0;
  /** Messages of other vCPUs that no IPI has made it read yet. */
  mailbox = 0;
  messagesRead = 0;
  /** Requests of the device that no interrupt has made it fetch yet. */
  ring = 0;
  requestsFetched = 0;
  /** Kinds of its own decisions, in order: what it can see of its host. */
  readonly done: number[] = [];
  /** From now on it takes interrupts and, after one more, no request comes. */
  quiet = false;

  private handler: 0 | 1 | 2 = 0;
  private cyclesPerTick = 1;
  private readonly siblings: LedgerProgram[];
  private readonly index: number;
  private readonly timer: LedgerTimer;
  private readonly draws: Stream;
  private readonly requests: Stream;

  constructor(siblings: LedgerProgram[], index: number, seed: number, timer: LedgerTimer) {
    super();
    this.siblings = siblings;
    this.timer = timer;
    this.index = index;
    this.draws = new Stream(seed, `ledger/${index}`);
    this.requests = new Stream(seed, `ledger/${index}/requests`);
    this.arrivalAt = exponential(this.requests.next(), MEAN.request) as Instant;
  }

  override next(now: Instant): void {
    if (this.handler === 1) {
      this.handler = 2;
      this.run(80, OP.none);
    } else if (this.handler === 2) {
      this.handler = 0;
      this.endOfHandler();
    } else this.decide(now);
  }

  override arrive(now: Instant): boolean {
    this.arrivalAt = this.quiet ? NEVER : ((now + exponential(this.requests.next(), MEAN.request)) as Instant);
    return this.ring++ === 0;
  }

  override moveInstants(move: MoveInstant): void {
    this.moveOperands(move);
    this.arrivalAt = move(this.arrivalAt);
    if (this.armed !== null) this.armed = move(this.armed as Instant);
  }

  override scaleTsc(cyclesPerTick: number): void {
    this.cyclesPerTick = cyclesPerTick;
  }

  protected override startHandler(vector: Vector, now: Instant): void {
    this.handler = 1;
    if (vector === VECTOR.timer) {
      if (this.armed === null) this.wrong.push(`a timer interrupt without a deadline, at ${now}`);
      else if (now < this.armed) this.wrong.push(`a timer interrupt ${this.armed - now} cycles before its deadline`);
      else this.late.push(now - this.armed);
      this.armed = null;
    } else if (vector === VECTOR.device) {
      this.requestsFetched += this.ring;
      this.ring = 0;
    } else {
      this.messagesRead += this.mailbox;
      this.mailbox = 0;
    }
    this.run(120, OP.eoi);
  }

  private decide(now: Instant): void {
    const compute = exponential(this.draws.next(), MEAN.compute);
    const kind = this.draws.next();
    if (this.quiet) {
      this.run(compute, this.armed === null ? OP.none : OP.halt);
      return;
    }
    this.done.push(Math.floor(kind * 100));
    if (this.armed === null && kind < 0.5) {
      // Some lie in the past already.
      const after = Math.round((exponential(this.draws.next(), MEAN.deadline) - 20_000) * this.cyclesPerTick);
      this.armed = now + compute + after;
      this.armings++;
      this.run(compute, OP[this.timer], this.armed);
    } else if (this.armed !== null && kind < 0.4) this.run(compute, OP.halt);
    else if (kind < 0.7 && this.siblings.length > 1) this.post(compute);
    else this.run(compute, ORDINARY[Math.floor(kind * 100) % ORDINARY.length]!);
  }

  /** As a call-function list: whoever finds it empty sends the IPI. */
  private post(compute: number): void {
    const target = (this.index + 1 + Math.floor(this.draws.next() * (this.siblings.length - 1))) % this.siblings.length;
    this.run(compute, this.siblings[target]!.mailbox++ === 0 ? OP.ipi : OP.none, target);
  }
}

/** One program a vCPU, with a common mailbox each. */
export function bootLedger(vcpus: number, seed: number, timer: LedgerTimer = "tscDeadline"): LedgerProgram[] {
  const programs: LedgerProgram[] = [];
  for (let index = 0; index < vcpus; index++) programs.push(new LedgerProgram(programs, index, seed, timer));
  return programs;
}
