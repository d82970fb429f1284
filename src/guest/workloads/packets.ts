import type { Workload } from "../workload.ts";

/** A DPDK poll-mode driver: spins on its receive queues and never halts; only its kernel's tick interrupts it. */
export const packets = {
  doc: "A DPDK poll-mode driver: spins on its receive queues and never halts; only its kernel's tick interrupts it.",
  requestsPerSecond: 0,
  workNs: 4_000_000,
  workCv: 0.05,
  messagesPerVcpu: 0,
  polls: true,
  remoteWakeChance: 0,
  doorbellChance: 0,
  intervalNs: 0,
  softTimersPerSecond: 2,
  background: { cpuid: 0, portIo: 0, mmio: 0, pageFault: 0, pauseLoop: 0, levelEoi: 0, hypercall: 0 },
  writes: { mibPerSecond: 200, workingSetMib: 64 },
  source: "assumed: DPDK programmer's guide describes poll mode; no exits but the tick's",
} as const satisfies Workload;
