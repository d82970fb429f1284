/**
 * A host thread that competes for CPUs, as the scheduler sees it: what `struct task_struct` and its
 * `sched_entity` hold that matters here. A pinned vCPU with a CPU of its own has none, since nothing
 * ever competes with it.
 *
 * Linux include/linux/sched.h. Simplified: all threads have the weight of nice 0 and stand side by
 * side, without the control groups that libvirt makes per VM.
 */
import { NEVER, type Instant } from "../lib/units.ts";

/** CPUs that a thread may run on (`cpus_ptr`), shared by the threads that have the same. */
export interface AllowedCpus {
  /** In ascending order. */
  readonly cpus: readonly number[];
  readonly has: readonly boolean[];
  /** The scheduler balances over them; it does not over CPUs of isolcpus=, which are in no scheduling domain. */
  readonly balanced: boolean;
}

/** Zero as a double, so that fields of cycles keep one representation from the start. */
const ZERO = -0;

export class Task<Thread> {
  readonly thread: Thread;
  allowed: AllowedCpus;

  /** Weighted run time: with equal weights, cycles on a CPU. */
  vruntime = ZERO;
  /** EEVDF: the virtual instant by which its request should be served. */
  deadline = ZERO;
  /** EEVDF: what it was owed when it went to sleep. */
  lag = ZERO;
  /** EEVDF: it runs on until its request is served (RUN_TO_PARITY). */
  protected = false;
  /** Cycles since it was picked last (sum_exec_runtime - prev_sum_exec_runtime). */
  ran = ZERO;
  /** Up to when its run time is accounted (exec_start); NEVER while it does not run. */
  accountedTo: Instant = NEVER;
  /** When it left a CPU last. */
  leftAt: Instant = NEVER;
  /** CPU that its VMCS is loaded on (loaded_vmcs->cpu), -1 before the first time. */
  loadedOn = -1;

  constructor(thread: Thread, allowed: AllowedCpus) {
    this.thread = thread;
    this.allowed = allowed;
  }

  /** Moves every remembered instant by `delta`. */
  shift(delta: number): void {
    this.accountedTo = (this.accountedTo + delta) as Instant;
    this.leftAt = (this.leftAt + delta) as Instant;
  }
}
