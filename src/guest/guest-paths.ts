/**
 * Guest cycles of the guest kernel's code paths. All assumed: the order of magnitude of such
 * paths on a server core; no source at hand lists them one by one.
 */
export const GUEST_PATHS = {
  /** asm_sysvec_apic_timer_interrupt down to the handler, and irq_exit. */
  interruptEntry: 250,
  /** hrtimer_interrupt without its timers. */
  timerEntry: 600,
  /** tick_sched_timer. */
  tick: 2600,
  /** run_timer_softirq with one timer. */
  softTimer: 1500,
  /** watchdog_timer_fn. */
  watchdog: 1500,
  /** clockevents_program_event down to the WRMSR. */
  reprogram: 250,
  /** virtio's interrupt and its NAPI poll, for each interrupt and for each request. */
  device: 1400,
  request: 700,
  /** scheduler_ipi. */
  reschedule: 200,
  /** do_idle up to the tick's stop, and from the tick's start to schedule(). */
  idleLoop: 500,
  /** Queueing the tick's timer. */
  moveTick: 150,
  /** From the last look at need_resched to HLT. */
  haltEntry: 120,
  /** schedule() from the idle task to a thread, and its way back to user space. */
  switchTo: 1500,
  /** try_to_wake_up. */
  wake: 900,
  /** A spinning CPU sees that a lock is free: the cache line comes over. */
  lockSeen: 100,
  /** clock_nanosleep up to the timer's start. */
  sleep: 700,
  /** A packet down to virtio's ring. */
  send: 1200,
} as const;
