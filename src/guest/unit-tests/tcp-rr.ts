/**
 * netperf TCP_RR between two Linux guests: a client sends a byte and waits for the answer of a
 * server, both sides halting while they wait. An iteration is a transaction, from the client's
 * waking with one answer to its waking with the next.
 */
import type { Program } from "../program.ts";
import { bootLinux } from "../linux.ts";
import type { LinuxGuestSettings } from "../linux-guest.ts";
import { QUIET, type Workload } from "../workload.ts";
import type { Samples } from "./samples.ts";

/** One side: a request makes it ready, its work is a few instructions, then it answers. */
const side: Workload = {
  ...QUIET,
  doc: "One side of netperf TCP_RR.",
  work_ns: 500,
  work_cv: 0.1,
  doorbell_chance: 1,
  soft_timers_per_second: 8,
  source: "assumed: netperf's own loop between recv and send",
};

/** The client (with the first request ready) or the server. */
export function tcpRrPrograms(settings: Omit<LinuxGuestSettings, "workload">, client: boolean, samples: Samples): readonly Program[] {
  const programs = bootLinux({ ...settings, workload: { ...side, messages_per_vcpu: client ? 1 : 0 } });
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
