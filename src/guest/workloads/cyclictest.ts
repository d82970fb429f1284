import type { Workload } from "../workload.ts";

/** cyclictest -i1000: a real-time thread a vCPU that sleeps until a timer and measures how late it woke. */
export const cyclictest = {
  doc: "cyclictest -i1000: a real-time thread a vCPU that sleeps until a timer and measures how late it woke.",
  requestsPerSecond: 0,
  workNs: 3000,
  workCv: 0.1,
  messagesPerVcpu: 0,
  polls: false,
  remoteWakeChance: 0,
  doorbellChance: 0,
  intervalNs: 1_000_000,
  softTimersPerSecond: 4,
  background: { cpuid: 0, portIo: 0, mmio: 0, pageFault: 0, pauseLoop: 0, levelEoi: 0, hypercall: 0 },
  writes: { mibPerSecond: 2, workingSetMib: 4 },
  source: "rt-tests cyclictest, interval 1000 us; the thread's own work is assumed",
} as const satisfies Workload;
