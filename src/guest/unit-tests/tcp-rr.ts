/**
 * netperf TCP_RR between two Linux guests: a client sends a byte and waits for the answer of a
 * server, both sides halting while they wait. An iteration is a transaction, from the client's
 * waking with one answer to its waking with the next.
 */
import type { Program } from "../program.ts";
import { bootLinux } from "../linux.ts";
import type { LinuxGuestSettings } from "../linux-guest.ts";
import { idle } from "../workloads/idle.ts";
import type { Workload } from "../workload.ts";
import type { Samples } from "./samples.ts";

/** One side: a request makes it ready, its work is a few instructions, then it answers. */
const side: Workload = {
  ...idle,
  doc: "One side of netperf TCP_RR.",
  workNs: 500,
  workCv: 0.1,
  doorbellChance: 1,
  background: { ...idle.background, cpuid: 0, pageFault: 0, levelEoi: 0 },
  source: "assumed: netperf's own loop between recv and send",
};

/** The client (with the first request ready) or the server. */
export function tcpRrPrograms(settings: Omit<LinuxGuestSettings, "workload">, client: boolean, samples: Samples): readonly Program[] {
  const programs = bootLinux({ ...settings, workload: { ...side, messagesPerVcpu: client ? 1 : 0 } });
  if (!client) return programs;
  let last = NaN;
  for (const program of programs) {
    program.observer = (now) => {
      if (!Number.isNaN(last)) samples.add(now - last);
      last = now;
    };
  }
  return programs;
}
