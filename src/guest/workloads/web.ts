import type { Workload } from "../workload.ts";

/** A web service: requests over virtio-net, a worker thread on another vCPU now and then, an answer each. */
export const web = {
  doc: "A web service: requests over virtio-net, a worker thread on another vCPU now and then, an answer each.",
  requestsPerSecond: 900,
  workNs: 180_000,
  workCv: 0.8,
  messagesPerVcpu: 0,
  polls: false,
  remoteWakeChance: 0.35,
  doorbellChance: 0.5,
  intervalNs: 0,
  softTimersPerSecond: 60,
  background: { cpuid: 8, portIo: 0.5, mmio: 2, pageFault: 40, pauseLoop: 1, levelEoi: 2, hypercall: 0.2 },
  writes: { mibPerSecond: 40, workingSetMib: 128 },
  source:
    "assumed: rates of an ordinary service; the mix it gives has TSC_DEADLINE writes first, as clouds report (40 % of exits and more)",
} as const satisfies Workload;
