import type { Workload } from "../workload.ts";

/** Groups of threads that pass messages to each other: bound by wake-ups across vCPUs, hence by IPIs. */
export const hackbench = {
  doc: "Groups of threads that pass messages to each other: bound by wake-ups across vCPUs, hence by IPIs.",
  requestsPerSecond: 0,
  workNs: 14_000,
  workCv: 0.7,
  messagesPerVcpu: 1,
  polls: false,
  remoteWakeChance: 1,
  doorbellChance: 0,
  intervalNs: 0,
  softTimersPerSecond: 20,
  background: { cpuid: 1, portIo: 0, mmio: 0, pageFault: 10, pauseLoop: 20, levelEoi: 0, hypercall: 0 },
  writes: { mibPerSecond: 30, workingSetMib: 16 },
  source: "assumed work per message; MSR_WRITE is 90 % of the exits of a published run (1e9e2622a149)",
} as const satisfies Workload;
