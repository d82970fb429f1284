/**
 * Cycles of the host's software paths on the reference core (Skylake-SP, 2.1 GHz TSC). A path
 * says how much of it runs before its effect is visible to others (an IPI's delivery, a timer's
 * arming, a HLT's look for pending interrupts), and how many indirect calls it makes.
 */
import { EXIT_ANATOMY, type Figure } from "../hw/figure.ts";

export const TIMER_FASTPATH = "Wanpeng Li, KVM: X86: TSCDEADLINE MSR emulation fastpath, cover letters of v1 and v4 (kvm@vger, 2020)";

export const IPI_FASTPATH = "Wanpeng Li, KVM: X86: Ultra fast single target IPI fastpath, cover letter of v2 (kvm@vger, 2020-04-10)";

/** The loop round every exit. */
export const RUN_LOOP = {
  /** vmx_vcpu_run after the exit: registers saved, exit information read, fastpath dispatch. */
  innerExit: {
    value: 180,
    source: `derived: ${EXIT_ANATOMY}: loop of 1154 less RDTSC, outer loop, dispatch and the VMCALL handler is 620; the split is assumed`,
  },
  /** vmx_vcpu_run before the entry: control registers, debug registers, MSRs, registers loaded. */
  innerEntry: {
    value: 440,
    source: `derived: ${EXIT_ANATOMY}: the other part of the 620; some 700 cycles from the end of the timer's busy-wait to the world switch on a Haswell ("KVM: LAPIC: Optimize timer latency further") lie here`,
  },
  /** vcpu_enter_guest and vcpu_run: request checks, preemption and interrupts off and on, SRCU. */
  outer: {
    value: 180,
    source: `derived: ${TIMER_FASTPATH}: slow less fast is 451 to 534, of which seven retpolines are 140; outer loop and dispatch share the rest evenly (assumed)`,
  },
  /** vmx_handle_exit, emulation of the instruction's operands and RIP, down to the handler. */
  dispatch: { value: 176, source: `derived: ${TIMER_FASTPATH}: the other part` },
  /** From the end of vmx_vcpu_run to handle_exit_irqoff, where 5.5 to 5.7 send an IPI; part of the outer loop. */
  irqoff: { value: 200, source: `derived: ${IPI_FASTPATH}: the ipi test with the fastpath of 5.5 less that of 5.8` },
  /** kvm_vcpu_exit_request before a re-entry. */
  continuation: { value: 20, source: "assumed: a few loads and branches" },
  /** Context tracking of nohz_full, both ways. */
  contextTracking: { value: 212, source: `derived: ${EXIT_ANATOMY}: VMCALL with less without nohz_full, mitigations off` },
} as const satisfies Record<string, Figure>;

/** Indirect calls on the pieces of the loop (assumed: counted in kvm_x86_ops uses of 5.8, before static calls). */
export const INDIRECT_CALLS = { innerExit: 1, innerEntry: 1, outer: 4, dispatch: 3 } as const;
/** Those that are left once kvm_x86_ops are static calls: the table of exit handlers. */
export const TABLE_CALLS = { innerExit: 0, innerEntry: 0, outer: 0, dispatch: 1 } as const;

/** A handler. `spread` is the coefficient of variation of a heavy-tailed one (assumed); 0 is near-constant. */
export interface HandlerPath extends Figure {
  /** Part that runs before the effect is visible; the rest follows. A split is assumed. */
  readonly before: number;
  /** Assumed, as INDIRECT_CALLS. */
  readonly indirectCalls: number;
  /** Those among them that go by another table than kvm_x86_ops: the emulator's, a bus's, the MMU's. */
  readonly tableCalls: number;
  readonly spread: number;
  /** What a fastpath does instead of the normal handler, where that is less. */
  readonly fast?: { readonly value: number; readonly before: number; readonly source: string };
}

const path = (value: number, source: string, more: Partial<Omit<HandlerPath, "value" | "source">> = {}): HandlerPath => ({
  value,
  source,
  before: value,
  indirectCalls: 0,
  tableCalls: 0,
  spread: 0,
  ...more,
});

export const HANDLERS = {
  tscDeadline: path(355, `derived: ${TIMER_FASTPATH}: tscdeadline_immed less the loop, the interrupt's delivery and its handler`, {
    indirectCalls: 2,
  }),
  preemptionTimer: path(130, `derived: ${TIMER_FASTPATH}: tscdeadline less 3000, the loop, the interrupt's delivery and its handler`, {
    indirectCalls: 2,
  }),
  icr: path(930, `derived: ${IPI_FASTPATH}: the ipi test without and with it, the path of 5.8 taken from this`, {
    before: 870,
    indirectCalls: 6,
    fast: { value: 420, before: 360, source: "assumed: kvm_irq_delivery_to_apic_fast: map look-up, descriptor, physical ICR write" },
  }),
  eoi: path(120, `derived: ${TIMER_FASTPATH}: tscdeadline_immed with APICv off has this exit more`),
  otherMsr: path(200, "assumed: kvm_set_msr_common down to the MSR's case", { indirectCalls: 1 }),
  externalInterrupt: path(120, "assumed: dispatch through the host's IDT; the interrupt's own work is counted as host_interrupt"),
  hlt: path(
    700,
    `derived: ${IPI_FASTPATH}: the ipi test, whose target is inside its HLT, less the sender's part; covers the book-keeping after the look for events`,
    {
      before: 150,
      indirectCalls: 2,
      fast: { value: 180, before: 150, source: "assumed: kvm_emulate_halt and the look for pending events" },
    },
  ),
  other: path(
    300,
    "assumed: accesses to debug registers and exceptions, of which there are many kinds: as an instruction that is emulated in a few lines",
  ),
  invd: path(20, "assumed: skips the instruction"),
  cpuid: path(140, `derived: ${EXIT_ANATOMY}: CPUID beside VMCALL, -20 to +36 cycles on four rungs`, { indirectCalls: 3 }),
  vmcall: path(120, "assumed: the split of the ladder's loop of 1154", { indirectCalls: 3 }),
  portIo: path(0, "by definition: counted as userspace"),
  eptViolation: path(9000, "assumed: 4 us; average over minimum 8.5 in a perf kvm sample (ChromeOS VM, 2021)", {
    spread: 2,
    indirectCalls: 6,
    tableCalls: 2,
  }),
  writeProtection: path(1100, "assumed: fast_page_fault walks to the entry and sets its write bit without a lock; one bit in the bitmap", {
    spread: 0.5,
    indirectCalls: 2,
  }),
  pmlFull: path(60, "assumed: clears an error code; the log itself is emptied before the handler"),
  doorbell: path(900, "assumed: KVM_FAST_MMIO_BUS look-up and eventfd_signal", { indirectCalls: 3, tableCalls: 2 }),
  mmio: path(1960, `derived: ${EXIT_ANATOMY}: MMIO 8848 less port I/O 6888: decoding and emulating the instruction`, {
    indirectCalls: 6,
    tableCalls: 6,
  }),
  pauseLoop: path(1500, "assumed: kvm_vcpu_on_spin looks for a vCPU to yield to, and often finds none to look at", { spread: 1 }),
  drAccess: path(350, "assumed: handle_dr reads the exit's qualification and gives the guest its debug registers"),
  interruptWindow: path(60, "assumed: clears the window request"),
  levelEoi: path(700, "assumed: kvm_ioapic_update_eoi", { indirectCalls: 2, tableCalls: 1 }),
  apicWrite: path(420, "assumed: as an ICR write, read back from the APIC page", { before: 360, indirectCalls: 2 }),
  apicAccess: path(1500, "assumed: the instruction is emulated", { before: 1200, indirectCalls: 4, tableCalls: 4 }),
  apicPageFault: path(1960, "assumed: SVM emulates the instruction as for any MMIO (handler mmio), the APIC instead of QEMU at its end", {
    before: 1660,
    indirectCalls: 6,
    tableCalls: 6,
  }),
  emulatedDoorbell: path(
    2860,
    "assumed: SVM has no KVM_FAST_MMIO_BUS, so the instruction is emulated (handler mmio) before eventfd_signal (doorbell)",
    {
      indirectCalls: 6,
      tableCalls: 6,
    },
  ),
  avicIncompleteIpi: path(600, "assumed: the map look-up of an ICR write and a walk over the IPI's targets; AVIC has written their IRRs", {
    before: 540,
    indirectCalls: 2,
  }),
} as const satisfies Record<string, HandlerPath>;
export type HandlerName = keyof typeof HANDLERS;

/** Work that some exits add. */
export const EXTRAS = {
  /** Cancelling and arming an hrtimer instead of the preemption timer. */
  hrtimer: { value: 500, source: `derived: ${EXIT_ANATOMY}: about 13 % of the profile of an exit that re-arms an hrtimer` },
  /** The kernel's part of the hop to QEMU and back: KVM_RUN's return and call, vcpu_put and vcpu_load, the FPU. */
  hopKernel: {
    value: 2000,
    source: `derived: ${EXIT_ANATOMY}: port I/O 6888 less VMCALL 2486 with all mitigations off; the split is assumed`,
  },
  /** QEMU's part: the lock, the address space's look-up, a null device. */
  hopQemu: { value: 2400, source: `derived: ${EXIT_ANATOMY}: the other part` },
  /** nohz_full tracks the return to user space, too. */
  hopContextTracking: { value: 140, source: `derived: ${EXIT_ANATOMY}: MMIO loses 352 with nohz_full, VMCALL 212` },
  /** Handling a host interrupt: entry, its own work, return. */
  hostTick: {
    value: 6500,
    source: `derived: ${EXIT_ANATOMY}: without isolation about 0.1 % of exits take 8000 to 12000 cycles more, the EXTERNAL_INTERRUPT exit's 1800 among them; exits to QEMU with all mitigations, where 1.2 % meet a tick, have their p99 at 1.33 to 1.39 times the median`,
  },
  hostDevice: { value: 5000, source: "assumed: an interrupt with its softirq" },
  hrtimerInterrupt: {
    value: 1150,
    source:
      "derived: tscdeadline_latency of a busy guest, 3200 by an hrtimer and 800 less by the preemption timer (ce7a058a2117), less the exits",
  },
  /** A posted-interrupt notification of a CPU to itself: sent, and in the guest acknowledged with nothing to find. */
  selfNotification: { value: 500, source: "assumed: a write of the ICR, and a vector and an empty descriptor read by microcode" },
  /** perf's recording of an exit's two tracepoints, as far as it falls between their timestamps; only in what `stat` prints. */
  perfRecord: {
    value: 950,
    source:
      "derived: 1e9e2622a149: the shortest MSR_WRITE that perf counts on 5.5-rc: 0.48 us with the fastpath of the ICR (the outer loop alone), 0.69 us without (a write of TSC_DEADLINE)",
  },
  reschedule: { value: 400, source: "assumed: scheduler_ipi has nothing to do" },
  /** A further target of one IPI: KVM goes from target to target. */
  ipiTarget: {
    value: 680,
    source:
      "derived: half of the 1490 ticks per target that a broadcast takes on an EPYC Rome (kvm list, 2020-08-11), retpolines taken off; that the other half is the guest's own queues is assumed",
  },
  /** The target of an IPI polls: its CPU holds the lines that the sender has to write. */
  pollingTarget: {
    value: 720,
    source:
      "derived: a broadcast to 79 halted vCPUs by hypercall (76 us, 4180bf1b655a), less ipiTarget and the guest's own queues: three or four lines between sockets",
  },
  /** One entry of a page-modification log: look-up of the memory slot, and a bit in its bitmap. */
  pmlEntry: { value: 70, source: "assumed: kvm_vcpu_mark_page_dirty without a lock, most of it cache misses on the slot's bitmap" },
  /** Noticing a wake-up in the halt-polling loop. */
  pollNotice: { value: 180, source: "assumed: half a turn of the loop with its look at the vCPU, a cache line from another core" },
  /** Leaving the CPU when blocking, and coming back to it: schedule, halt bookkeeping. */
  scheduleOut: { value: 1400, source: "assumed: prepare_to_swait, schedule, switch to idle" },
  scheduleIn: {
    value: 1000,
    source:
      "derived: tscdeadline_latency with HLT, 5700 (3b8a5df6c4dc) and 5150 to 5820 (8577370fb0cb), less the timer's interrupt, the wake-up and the way into the guest",
  },
  /** A vCPU's thread moves to another CPU: the old one writes the VMCS back (VMCLEAR) in an IPI. */
  vmcsClear: {
    value: 1200,
    source: "assumed: generic_smp_call_function_single_interrupt with one VMCLEAR",
  },
  /** A vhost worker's part of a packet: out of the ring, through tun and bridge; or from tun into the ring, and the irqfd. */
  vhostTransmit: {
    value: 1700,
    source: "assumed: vhost handle_tx, tun_sendmsg, the bridge; tcp_rr in 34 us without polling (aca6ff29c406) leaves no more",
  },
  vhostReceive: { value: 1300, source: "assumed: vhost handle_rx, a copy, eventfd_signal and the irqfd's delivery" },
  /** Caches and TLB that went cold while the vCPU slept: most of it after a sleep of many times `COLD.sleepHalfNs`. */
  coldCaches: {
    value: 6000,
    source: "assumed: some 60 cache lines from memory; C-state exit and cold caches dominate a wake-up (aca6ff29c406)",
  },
  /** try_to_wake_up from a wait queue or a single waiter, up to the thread's being runnable. */
  wakeSwait: { value: 1650, source: "derived: the wake-up with rcuwait and what da4ad88cab58 saves: 15 to 20 % of tscdeadline_latency" },
  wakeRcuwait: {
    value: 600,
    source: "derived: tscdeadline_latency with HLT (3b8a5df6c4dc, 8577370fb0cb), see scheduleIn; the split is assumed",
  },
  /** What it takes more when the thread's CPU is another one: its run queue's cache lines and the reschedule IPI's ICR write. */
  wakeRemote: {
    value: 500,
    source: "derived: a broadcast to 79 sleeping vCPUs one by one (198 us, 4180bf1b655a), less the exits and what the local wake-up takes",
  },
} as const satisfies Record<string, Figure>;

/** Spread of a host interrupt's own work, as a coefficient of variation. */
export const INTERRUPT_SPREAD = {
  tick: { value: 0.15, source: `derived: ${EXIT_ANATOMY}: 8000 to 12000 cycles` },
  device: { value: 0.5, source: "assumed: packets and blocks that one softirq takes care of" },
} as const satisfies Record<string, Figure>;

/** What displaces KVM's code and data from the caches, and what it takes then. */
export const COLD = {
  /** How much longer a cycle of code takes whose lines have all to come from memory and whose branches are unknown, on average. */
  code: {
    value: 1.1,
    source: "derived: cyclictest of the timer fastpath letters, whose writes after a sleep of 1 ms gain more than those in a loop of exits",
  },
  /** The same of code that the shared cache still has, as a share. */
  nearby: {
    value: 0.35,
    source:
      "assumed: some 70 cycles to the last level of a Skylake-SP against 200 to memory; perf kvm samples agree: on average PREEMPTION_TIMER takes 1.2 to 2.3 times as long as at best (sysbench, a desktop), EXTERNAL_INTERRUPT of redis 1.5 times (0c5f81dad46c)",
  },
  /** Cycles of other work after which it has displaced half of what it ever will. */
  workHalf: {
    value: 50_000,
    source:
      "assumed: between hackbench, whose exits are 10 us of work apart and little dearer than in a loop, and a desktop's, some 65 us apart",
  },
  /** A guest whose working set is as large as this, MiB, displaces half of the host's lines in the end. */
  cacheMib: { value: 1, source: "assumed: the second-level cache of one Skylake-SP core, which host and guest share" },
  /** Sleep, ns, after which half of the lines are gone to memory. */
  sleepHalfNs: { value: 1_000_000, source: "assumed: the host's own work on the shared cache" },
  /** Coefficient of variation of what a cold exit takes more. */
  spread: {
    value: 2,
    source:
      "derived: the longest of a desktop's 4905 PREEMPTION_TIMERs took 6 times the average, of its 68094 MSR_WRITEs 8 times; variations of 0.3 and 0.29 to 0.66",
  },
} as const satisfies Record<string, Figure>;

/** Kernel code between two indirect calls, where a path's calls were not counted. */
export const CYCLES_PER_INDIRECT_CALL: Figure = {
  value: 120,
  source: "assumed: as on the paths round an exit, 15 calls on some 1800 cycles of a slow ICR write",
};

/** Guest code that runs before a guest's branches are all predicted again. */
export const GUEST_FOOTPRINT: Figure = {
  value: 4000,
  source: "assumed: about as much code as an interrupt, a wake-up and a system call run",
};

/** Share of exits with a slower body, and by how much. */
export const BODY = {
  sigma: 0.0024,
  tailShare: 0.0015,
  tail: 0.09,
  source: `${EXIT_ANATOMY}: p90 +0.3 %, p99 +0.6 %, p99.9 +9 % over p50`,
} as const;

/** Share of exits to QEMU with a slower body, and by how much. */
export const USERSPACE_TAIL = {
  tailShare: 0.0015,
  tail: 0.4,
  source: `derived: ${EXIT_ANATOMY}: p99.9 over p50 is 1.16 to 1.63 with and without isolation`,
} as const;
