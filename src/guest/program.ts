/**
 * What runs on a virtual CPU, as KVM sees it: stretches of guest computation, each ended by an
 * operation. The program says what it does next and takes interrupts; whether an operation
 * exits, and what that costs, is none of its business.
 */
import { NEVER, type Instant } from "../lib/units.ts";

/** Operations that end a stretch of computation. */
export const OP = {
  /** Nothing: the program just wants to decide again. */
  none: 0,
  /** WRMSR TSC_DEADLINE; operand: the deadline, 0 disarms. */
  tscDeadline: 1,
  /** Write of the ICR, fixed delivery to one vCPU; operand: its index. */
  ipi: 2,
  /** HLT (or MWAIT) with interrupts enabled. */
  halt: 3,
  /** End of interrupt. */
  eoi: 4,
  cpuid: 5,
  /** OUT to a device of QEMU. */
  portIo: 6,
  /** MMIO write to a virtio doorbell that ioeventfd takes. */
  doorbell: 7,
  /** MMIO to a device of QEMU. */
  mmio: 8,
  pageFault: 9,
  /** Spinning with PAUSE until the PAUSE-loop window is exceeded. */
  pauseLoop: 10,
  /** EOI of a level-triggered interrupt of the virtual IOAPIC. */
  levelEoi: 11,
  hypercall: 12,
  /** WRMSR to another intercepted MSR. */
  otherMsr: 13,
  /** ICR with a logical destination of one vCPU; operand: its index. */
  ipiLogical: 14,
  /** ICR with the all-but-self shorthand. */
  ipiShorthand: 15,
  /** ICR with the broadcast destination 0xFFFFFFFF. */
  ipiBroadcast: 16,
  /** PV send-IPI hypercall to the vCPUs of one window but self; operand: the first of its 128. */
  ipiHypercall: 17,
  /** Self-IPI register (0x83f). */
  selfIpi: 18,
  /** Initial count of the LAPIC timer in one-shot mode; operand: the instant at which it runs out. */
  oneShot: 19,
  /** ICR with the self shorthand. */
  ipiSelf: 21,
  /** INVD, which a guest kernel uses at boot at most. */
  invd: 22,
  /** Initial count of the LAPIC timer in periodic mode; operand: the period in cycles. */
  periodic: 23,
  /** WRMSR HV_X64_MSR_STIMER0_COUNT, a synthetic timer of Hyper-V; operand: the instant at which it runs out, 0 stops it. */
  hvStimer: 24,
  /** MOV to or from a debug register. */
  debugRegister: 25,
  /** WRMSR HV_X64_MSR_EOI, Hyper-V's end of interrupt. */
  hvEoi: 26,
  /** WRMSR HV_X64_MSR_ICR to one vCPU; operand: its index. */
  hvIpi: 27,
  /** WRMSR HV_X64_MSR_ICR with the self shorthand, as Windows asks itself for a deferred call. */
  hvSelfIpi: 28,
  /** Spins with PAUSE until memory changes (`memoryChanged`). */
  spin: 40,
  /** KVM_HC_SCHED_YIELD: another vCPU is to run instead; operand: its index. */
  schedYield: 41,
  /** ICR with the logical destination of all vCPUs of one cluster but self; operand: the first of its sixteen. */
  ipiCluster: 29,
  /** Something that exits for a reason without rules here. */
  other: 50,
  /** Write of an APIC register that has no operation of its own: a local vector, the task priority. */
  apicRegister: 51,
  /** Ends the run of this program: computes for ever. */
  done: 20,
} as const;
export type Op = (typeof OP)[keyof typeof OP];

/** Interrupt vectors, as bits of a mask; a higher bit is a higher vector, taken first. */
export const VECTOR = { device: 1, timer: 2, call: 4, reschedule: 8 } as const;
export type Vector = (typeof VECTOR)[keyof typeof VECTOR];

/** From an instant of one time axis to the same instant on another; leaves NEVER as it is. */
export type MoveInstant = (at: Instant) => Instant;

/** Operations whose operand is an instant. */
const takesInstant = (op: Op): boolean => op === OP.tscDeadline || op === OP.oneShot || op === OP.hvStimer;

/** Zero as a double, so that fields of cycles keep one representation from the start. */
const ZERO = -0;

export abstract class Program {
  /** The operation that follows `runCycles` of computation, and its operand. */
  op: Op = OP.none;
  operand = ZERO;
  runCycles = ZERO;
  /** RFLAGS.IF: the program takes interrupts now. */
  interruptible = true;
  /** Memory that it works on, in MiB: what it displaces from the caches. Bare programs touch next to nothing. */
  workingSetMib = ZERO;
  /** It idles by HLT, also where MWAIT does not exit: a bare kernel knows no other way. */
  readonly haltsOnly: boolean = false;
  /** Useful cycles done so far: the benchmark score. */
  workCycles = ZERO;
  /** When the next outside request arrives (a device interrupt), or never. */
  arrivalAt: Instant = NEVER;

  private savedOp: Op = OP.none;
  private savedOperand = ZERO;
  private savedCycles = ZERO;

  /** Decides the next stretch and operation, the last one being complete at `now`. */
  abstract next(now: Instant): void;
  /** The body of the handler of `vector`; ends by calling `endOfHandler` from `next`. */
  protected abstract startHandler(vector: Vector, now: Instant): void;
  /** An outside request arrived; returns whether the device raises its interrupt. */
  abstract arrive(now: Instant): boolean;
  /** Replaces every instant that the program remembers by what it is on another time axis; the order of them stays. */
  abstract moveInstants(move: MoveInstant): void;

  /** Moves every instant that the program remembers. */
  shift(delta: number): void {
    this.moveInstants((at) => (at + delta) as Instant);
  }

  /**
   * Set by the machine, after the instants were moved: from now on its TSC ticks once in so many cycles of the
   * host, 1 where it boots. The program's code takes as many cycles as ever, but what it measures by the clock
   * (a tick's length, how far ahead a deadline lies) takes another number of them.
   */
  scaleTsc(_cyclesPerTick: number): void {}

  /** Set by the machine: the host may take this vCPU off its CPU at any time. */
  mayBePreempted = false;

  /** CPL 0: the vCPU would be in its kernel if it stopped here. */
  get inKernel(): boolean {
    return true;
  }

  /** Set by the machine: told when this program stored to memory that vCPU `target` of its VM may watch. */
  stored: (target: number) => void = () => undefined;

  /** Another vCPU stored to memory that this one may be spinning on; true when it looks again after `runCycles`. */
  memoryChanged(): boolean {
    return false;
  }

  /** Takes an interrupt in the middle of a stretch of which `remaining` cycles are left. */
  interrupt(vector: Vector, now: Instant, remaining: number): void {
    this.savedOp = this.op;
    this.savedOperand = this.operand;
    this.savedCycles = remaining;
    this.interruptible = false;
    this.startHandler(vector, now);
  }

  /** IRET: back to the interrupted stretch. */
  protected endOfHandler(): void {
    this.op = this.savedOp;
    this.operand = this.savedOperand;
    this.runCycles = this.savedCycles;
    this.interruptible = true;
  }

  protected run(cycles: number, op: Op, operand = 0): void {
    this.runCycles = cycles;
    this.op = op;
    this.operand = operand;
  }

  /** Moves the instants in the operands (used by `moveInstants`). */
  protected moveOperands(move: MoveInstant): void {
    if (takesInstant(this.op) && this.operand !== 0) this.operand = move(this.operand as Instant);
    if (takesInstant(this.savedOp) && this.savedOperand !== 0) this.savedOperand = move(this.savedOperand as Instant);
  }
}
