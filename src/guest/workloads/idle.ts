import type { Workload } from "../workload.ts";

/** A booted guest without load: only its kernel's own timers wake it. */
export const idle = {
  doc: "A booted guest without load: only its kernel's own timers wake it.",
  requestsPerSecond: 0,
  workNs: 50_000,
  workCv: 0.5,
  messagesPerVcpu: 0,
  polls: false,
  remoteWakeChance: 0,
  doorbellChance: 0,
  intervalNs: 0,
  softTimersPerSecond: 8,
  background: { cpuid: 2, portIo: 0, mmio: 0, pageFault: 1, pauseLoop: 0, levelEoi: 0.2, hypercall: 0 },
  writes: { mibPerSecond: 5, workingSetMib: 16 },
  source: "assumed: a quiet Linux guest wakes a few times a second and vCPU for timers of its own",
} as const satisfies Workload;
