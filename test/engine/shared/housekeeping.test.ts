/** Timers that housekeeping CPUs post for everyone: they are interrupts of these CPUs, one after the other. */
import { expect, it } from "vitest";
import { OP } from "../../../src/guest/program.ts";
import { ScriptProgram, type Line } from "../../../src/guest/script.ts";
import { KvmHost } from "../../../src/kvm/host.ts";
import { viewCounters } from "../../../src/kvm/host-view.ts";
import { resolveHost } from "../../../src/kvm/resolve.ts";
import { namedCounters } from "../../support/counter-names.ts";
import { hostSpec } from "../../support/host-spec.ts";

const MS = 2.5e6;
const RUN_MS = 20;

/** vCPUs of cpu-pm guests on nohz_full CPUs, each of which waits for a timer every 32 us. CPUs 0 and 1 keep house. */
function postTimersTo(vcpus: number): { latency: number; housekeeping: number; posted: number } {
  const lines = Array.from({ length: 2000 }, (): Line => ({ compute: 80_000, op: OP.tscDeadline, after: 20_000 }));
  const guests = { timers: { vcpus, cpu_pm: true, placement: "isolated" } } as const;
  const spec = hostSpec({ cpus: 64, kernel: "linux-5.18", cstates: "c0", cmdline: { nohz_full: "2-63" }, guests });
  const host = new KvmHost(resolveHost(spec), 1, () => Array.from({ length: vcpus }, () => new ScriptProgram(lines)));
  host.advance(RUN_MS * MS);
  const counters = namedCounters(viewCounters(host));
  const count = (name: string): number => Number(counters.get(name));
  const posted = count("expirations posted");
  return {
    posted,
    latency: count("timer latency cycles") / posted,
    housekeeping: count("cpu housekeeping") / (RUN_MS * MS),
  };
}

it("a few vCPUs' timers cost a housekeeping CPU a share of its time, and are as good as on time", () => {
  const few = postTimersTo(4);
  expect(few.posted).toBeGreaterThan(1500);
  expect(few.housekeeping).toBeLessThan(0.5);
  expect(few.latency).toBeLessThan(6000);
});

it("many vCPUs' timers saturate the housekeeping CPU that they go to, which shows as latency of each timer", () => {
  const [few, many] = [postTimersTo(4), postTimersTo(60)];
  // Timers go to the nearest housekeeping CPU, as long as that is not idle; the other one has next to nothing to do.
  expect(many.housekeeping).toBeGreaterThan(0.95);
  expect(many.housekeeping).toBeLessThan(1.05);
  expect(many.latency).toBeGreaterThan(5 * few.latency);
  expect(many.posted / 60).toBeLessThan(few.posted / 4);
});
