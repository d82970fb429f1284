import type { Workload } from "../workload.ts";

/** An in-memory store: one event loop a vCPU, short requests, mostly busy. */
export const redis = {
  doc: "An in-memory store: one event loop a vCPU, short requests, mostly busy.",
  requestsPerSecond: 9000,
  workNs: 60_000,
  workCv: 0.4,
  messagesPerVcpu: 0,
  polls: false,
  remoteWakeChance: 0.02,
  doorbellChance: 0.6,
  intervalNs: 0,
  softTimersPerSecond: 100,
  background: { cpuid: 4, portIo: 0, mmio: 0, pageFault: 20, pauseLoop: 0, levelEoi: 1, hypercall: 0 },
  writes: { mibPerSecond: 60, workingSetMib: 512 },
  source: "assumed: busy loop near 55 % load, small requests",
} as const satisfies Workload;
