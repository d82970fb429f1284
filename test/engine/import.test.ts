/** Captures go in as text, become a workload's file, and come out of `stat` on a host of their kind. */
import { readFileSync } from "node:fs";
import { describe, expect, it, test } from "vitest";
import { hostOfCapture } from "../../src/config/capture-host.ts";
import { completeHostSpec } from "../../src/config/defaults.ts";
import { NO_OWN } from "../../src/config/own.ts";
import { readWorkloads } from "../../src/config/own-workloads.ts";
import { workloadText } from "../../src/config/write-workload.ts";
import type { Capture } from "../../src/fleet/capture/capture.ts";
import { readCapture } from "../../src/fleet/capture/read-capture.ts";
import { imitate } from "../../src/fleet/imitation/imitate.ts";
import { capturedMix, emulatedMix, idleShare, type Mix, rateOf, worstShare } from "../../src/fleet/imitation/mix.ts";
import { runningSeconds, spanOf, type SpanHints } from "../../src/fleet/imitation/span.ts";
import type { OwnWorkload } from "../../src/guest/workload-choice.ts";
import type { HostSpec } from "../../src/kvm/host-spec.ts";
import { StatRun } from "../../src/kvm/stat.ts";

type Known = Partial<Pick<SpanHints, "seconds" | "vcpus">>;
const HZ = { guestHz: 250, hostHz: 250 };

function captured(file: string): Capture {
  const read = readCapture(readFileSync(`test/captures/${file}.txt`, "utf8"));
  if (!read.ok) throw new Error(JSON.stringify(read.problems));
  return read.value;
}

interface Trip {
  readonly mix: Mix;
  readonly workload: OwnWorkload;
  readonly spec: HostSpec;
}

const trips = new Map<string, Trip>();

/** The trip of a file, once for all tests. */
function trip(file: string, known: Known): Trip {
  const key = JSON.stringify([file, known]);
  const made = trips.get(key) ?? imported(captured(file), known);
  trips.set(key, made);
  return made;
}

/** From the text to the workload as a configuration reads it, and the host that the capture suggests. */
function imported(capture: Capture, known: Known): Trip {
  const span = spanOf(capture, { seconds: null, vcpus: null, ...known, ...HZ });
  const mix = capturedMix(capture, span);
  const patch = hostOfCapture(capture, "guest", "idle", span.vcpus);
  const ticking = runningSeconds(capture, HZ.guestHz, HZ.hostHz).seconds / span.seconds / span.vcpus;
  const steps = imitate(mix, completeHostSpec(patch), { doc: "", source: "a test", ticking }, 1);
  for (;;) {
    const step = steps.next();
    if (step.done !== true) continue;
    const { workloads, errors } = readWorkloads([
      { file: "workloads/captured.yaml", text: workloadText(step.value.workload, ["a remark"]) },
    ]);
    expect(errors).toEqual([]);
    const own = { ...NO_OWN, workloads };
    const spec = completeHostSpec(hostOfCapture(capture, "guest", "captured", span.vcpus), own);
    return { mix, spec, workload: workloads.get("captured") as OwnWorkload };
  }
}

/** What stat makes of it: another seed, the whole warm-up. */
const stat = ({ mix, spec }: Trip, seconds: number): Mix => emulatedMix(new StatRun(spec, 99, seconds).report(), mix.vendor);

const MIXES: readonly (readonly [file: string, known: Known, seconds: number])[] = [
  ["sysbench-cpu", { seconds: 22.66, vcpus: 4 }, 10],
  ["hybrid-desktop", { seconds: 2, vcpus: 20 }, 0.5],
  ["light-service", { seconds: 6, vcpus: 1 }, 5],
  ["light-service", { seconds: 6, vcpus: 4 }, 5],
  ["chromeos-memory", {}, 2],
  ["windows-hyperv", {}, 1],
  ["hackbench", {}, 2],
  ["xapic-before-apicv", {}, 10],
];

describe("a captured mix comes out of stat again", () => {
  it.each(MIXES)("%s, known %j", { timeout: 120_000 }, (file, known, seconds) => {
    const made = trip(file, known);
    const came = stat(made, seconds);
    expect(worstShare(made.mix, came)).toBeLessThan(0.03);
    expect(Math.abs(came.total / made.mix.total - 1)).toBeLessThan(0.1);
    const [wanted, idle] = [idleShare(made.mix), idleShare(came)];
    if (wanted !== null) expect(Math.abs(wanted - (idle ?? 0))).toBeLessThan(0.05);
  });
});

describe("what a guest does is found out, not its exits", () => {
  it("one vCPU that computes all the time, from its ticks", { timeout: 120_000 }, () => {
    const { workload } = trip("sysbench-cpu", { seconds: 22.66, vcpus: 4 });
    expect(workload.busy_vcpus).toBe(1);
    expect(workload.background.other_msr).toBe(0);
  });

  it("IPIs, from the writes that neither timers nor wake-ups explain; none where those explain all", { timeout: 120_000 }, () => {
    const { workload: threads } = trip("hackbench", {});
    expect(threads.remote_wake_chance).toBeGreaterThan(0.2);
    const { workload: service } = trip("light-service", { seconds: 6, vcpus: 4 });
    expect([service.remote_wake_chance, service.background.other_msr]).toEqual([0, 0]);
  });

  it("IPIs, where a table of MSRs has them", { timeout: 120_000 }, () => {
    const made = trip("timers-before", { seconds: 10, vcpus: 8 });
    const icr = made.mix.icr ?? 0;
    expect(icr / rateOf(made.mix, "MSR_WRITE")).toBeCloseTo(34_954 / 356_442, 6);
    const came = stat(made, 2);
    expect(Math.abs((came.icr ?? 0) / icr - 1)).toBeLessThan(0.15);
    expect(worstShare(made.mix, came)).toBeLessThan(0.03);
  });

  it("interrupts without work, from wake-ups that write no timer", { timeout: 120_000 }, () => {
    const { workload } = trip("hybrid-desktop", { seconds: 2, vcpus: 20 });
    expect(workload.quiet_interrupts_per_second).toBeGreaterThan(workload.requests_per_second);
  });

  it("on a host with fewer exits by rule, there are fewer: the workload is no list of exits", { timeout: 120_000 }, () => {
    const made = trip("sysbench-cpu", { seconds: 22.66, vcpus: 4 });
    const exitless = stat({ ...made, spec: { ...made.spec, cpu_pm: true } }, 2);
    expect(rateOf(exitless, "HLT")).toBe(0);
    expect(rateOf(exitless, "PAUSE_INSTRUCTION")).toBe(0);
    expect(rateOf(exitless, "CPUID")).toBeGreaterThan(0);
  });
});

test("a capture of an AMD host becomes a workload of one", { timeout: 120_000 }, () => {
  const rows = { msr: 50_000, hlt: 20_000, interrupt: 12_000, npf: 3000, cpuid: 1000, read_cr0: 500 };
  const text = Object.entries(rows).map(([reason, count]) => `kvm_exit(${reason}) ${count} ${count}`);
  const read = readCapture(text.join("\n"));
  expect(read.ok && [read.value.vendor, read.value.unknown]).toMatchObject(["amd", [{ reason: "read_cr0" }]]);
  const made = imported((read as { value: Capture }).value, { seconds: 10, vcpus: 4 });
  expect(made.spec.cpu).toBe("epyc-milan");
  expect(worstShare(made.mix, stat(made, 2))).toBeLessThan(0.03);
});

describe("how long a capture took, and of how many vCPUs it is", () => {
  it("follows from time in HLT and from ticks: the blog's 22.66 s were four vCPUs", () => {
    expect(spanOf(captured("sysbench-cpu"), { seconds: 22.66, vcpus: null, ...HZ })).toMatchObject({ seconds: 22.66, vcpus: 4 });
    expect(spanOf(captured("sysbench-cpu"), { seconds: null, vcpus: 4, ...HZ }).seconds).toBeCloseTo(22.7, 0);
  });

  it("is what the caller says, and otherwise said to be assumed", () => {
    expect(spanOf(captured("hackbench"), { seconds: 3, vcpus: 2, ...HZ })).toEqual({ seconds: 3, vcpus: 2, assumed: [] });
    for (const file of ["hackbench", "chromeos-memory", "light-service", "xapic-before-apicv"]) {
      expect(spanOf(captured(file), { seconds: null, vcpus: null, ...HZ }).assumed).toHaveLength(1);
    }
  });
});
