/**
 * What a guest's application does, per vCPU, in terms of guest behaviour: never in terms of
 * exits. The guest kernel (`linux.ts`) turns it into timer writes, HLTs and IPIs.
 */
export interface Workload {
  readonly doc: string;
  /** Requests that arrive from outside (virtio interrupts), per second and vCPU; 0: none. */
  readonly requestsPerSecond: number;
  /** Useful guest time of one piece of work, and its coefficient of variation. */
  readonly workNs: number;
  readonly workCv: number;
  /** Messages that circulate between the vCPUs of a guest, per vCPU (hackbench); 0: none. */
  readonly messagesPerVcpu: number;
  /** Spins when there is no work instead of halting (a DPDK poll-mode driver). */
  readonly polls: boolean;
  /** Chance that a piece of work wakes a thread on another vCPU. */
  readonly remoteWakeChance: number;
  /** Doorbell writes (virtio notify, ioeventfd) per piece of work. */
  readonly doorbellChance: number;
  /** Interval of a periodic high-resolution timer with its own thread, or 0 (cyclictest). */
  readonly intervalNs: number;
  /** Timer-wheel timers that expire per second and vCPU (TCP, kernel housekeeping). */
  readonly softTimersPerSecond: number;
  /** Background operations per second of guest compute. */
  readonly background: {
    readonly cpuid: number;
    readonly portIo: number;
    readonly mmio: number;
    readonly pageFault: number;
    readonly pauseLoop: number;
    readonly levelEoi: number;
    readonly hypercall: number;
  };
  /** Memory that a vCPU writes to while it runs: MiB that a second dirties anew, and the working set among which its writes go. Assumed. */
  readonly writes: { readonly mibPerSecond: number; readonly workingSetMib: number };
  readonly source: string;
}
