import { describe, expect, it, test } from "vitest";
import { EXTRAS } from "../../src/cost/paths.ts";
import { AT, VCPU_STATES } from "../../src/kvm/counters.ts";
import { OP } from "../../src/guest/program.ts";
import { SpecError } from "../../src/kvm/resolved.ts";
import { StatRun, type StatReport } from "../../src/kvm/stat.ts";
import { cyclesOf } from "../../src/lib/units.ts";
import { hostSpec, type HostOverrides } from "../support/host-spec.ts";
import { play, type Played } from "../support/scripted-host.ts";

const run = (overrides: HostOverrides, seconds = 1, seed = 1): StatReport => new StatRun(hostSpec(overrides), seed, seconds).report();
const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
const one = (workload: "web" | "hackbench" | "idle" | "packets", more: HostOverrides = {}): HostOverrides => ({
  kernel: "linux-6.6",
  guests: { a: { vcpus: 4, workload } },
  ...more,
});

describe("a report", () => {
  const report = run(one("web"), 2);

  it("has shares that add up, and samples that are all its exits", () => {
    const { exits, samples, time_us, exit_count, vcpus } = report;
    expect(sum(exits.map((exit) => exit.samples))).toBe(samples);
    expect(sum(exits.map(({ share }) => share))).toBeCloseTo(1, 9);
    expect(sum(exits.map(({ time_share }) => time_share))).toBeCloseTo(1, 9);
    expect(sum(exits.map((exit) => exit.samples * exit.avg_us)) / time_us).toBeCloseTo(1, 9);
    // 6.6 traces every exit: what is missing was under way when the recording began.
    expect(exit_count - samples).toBeLessThanOrEqual(vcpus);
    expect(report.exits_per_second_per_vcpu).toBeCloseTo(exit_count / 2 / 4, 9);
  });

  it("lists the most frequent first, each between its minimum and maximum", () => {
    const { exits } = report;
    expect(exits.map((exit) => exit.samples)).toEqual(exits.map((exit) => exit.samples).toSorted((a, b) => b - a));
    expect(exits.filter(({ min_us, avg_us, max_us }) => !(min_us <= avg_us && avg_us <= max_us && min_us > 0))).toEqual([]);
  });

  it("is the same however the run was sliced, and another for another seed", () => {
    const sliced = new StatRun(hostSpec(one("web")), 1, 2);
    for (const part of [0, 0.1, 0.123, 0.5, 0.99]) sliced.advance(part);
    expect(sliced.report()).toEqual(report);
    expect(run(one("web"), 2, 2).exit_count).not.toBe(report.exit_count);
  });

  it("holds no event longer than the recording, whoever slept into it", () => {
    expect(Math.max(...run(one("idle")).exits.map(({ max_us }) => max_us))).toBeLessThan(1e6);
  });
});

test("every guest of the host is watched", () => {
  const guests = { a: { vcpus: 2 }, b: { count: 2, vcpus: 3, workload: "idle" } } as const;
  expect(run({ guests }).vcpus).toBe(8);
  expect(() => run({ guests: {} })).toThrow(SpecError);
});

test("a re-entered exit counts although the perf of 5.8 does not see it", () => {
  const [blind, seeing] = [run(one("web", { kernel: "linux-5.8" })), run(one("web", { kernel: "linux-5.15" }))];
  expect(blind.exits_per_second_per_vcpu / seeing.exits_per_second_per_vcpu).toBeCloseTo(1, 2);
  expect(blind.samples).toBeLessThan(seeing.samples * 0.7);
  expect(blind.exits.map(({ reason }) => reason)).not.toContain("PREEMPTION_TIMER");
});

test("a guest that never halts keeps its CPUs in C0, one that does nothing hardly", () => {
  expect(run(one("packets")).c0_share).toBe(1);
  expect(run(one("idle")).c0_share).toBeLessThan(0.02);
  expect(run(one("idle", { cmdline: { idle: "poll" } })).c0_share).toBe(1);
});

test("vCPUs that share CPUs keep them in C0 as much as they would with room, and all of the time when there is too little", () => {
  const share = (guest: object): number => run(one("web", { guests: { g: { workload: "web", vcpus: 4, ...guest } } })).c0_share;
  const own = share({});
  expect(own).toBeLessThan(0.8);
  expect(share({ dedicated: false, placement: "2-5" })).toBeCloseTo(own, 1);
  // One CPU does the work of four.
  expect(share({ dedicated: false, placement: "2" })).toBeGreaterThan(0.95);
  expect(share({ dedicated: false, placement: "2" })).toBeLessThanOrEqual(1);
});

test("work is counted as the guests' benchmark score", () => {
  expect(run(one("packets")).guest_work_per_second / (4 * 2.5e9)).toBeCloseTo(1, 2);
});

describe("time in a C-state, exactly", () => {
  const asleep = ({ host }: Played): number => host.physicalCpus.cstateTime.soFar(host.vcpus[0]!.cpu, host.now, false);
  const halting = [
    { compute: 1000, op: OP.tscDeadline, after: 2_000_000 },
    { compute: 500, op: OP.halt },
  ];
  const QUIET = { kernel: "linux-5.8", kvm: { halt_poll: "off", lapic_timer_advance: "off" }, mitigations: { all: "off" } } as const;

  it("runs from leaving the CPU to the wake-up, without the way out of the state", () => {
    const played = play({ host: QUIET, scripts: [halting] });
    const halted = played.host.tally.low[AT.vcpuCycles + VCPU_STATES.indexOf("halted")] as number;
    // 0.8 ms is long enough for C6, which takes 40 us to leave; then come the timer's interrupt and the wake-up.
    const { hrtimerInterrupt, wakeRcuwait } = EXTRAS;
    expect(halted - asleep(played)).toBe(cyclesOf(40_000, 2.5) + hrtimerInterrupt.value + wakeRcuwait.value);
  });

  it("is nothing while the vCPU polls", () => {
    expect(asleep(play({ host: { kvm: { ...QUIET.kvm, halt_poll: "always", halt_poll_ns: 1_000_000 } }, scripts: [halting] }))).toBe(0);
  });

  it("is the guest's own where HLT does not exit", () => {
    const played = play({ host: QUIET, guest: { disable_exits: ["hlt"] }, scripts: [halting] });
    const [vcpu] = played.host.vcpus;
    expect(asleep(played)).toBe(0);
    // From the HLT, 500 cycles after the write's exit, to the preemption timer's exit at the deadline.
    expect(vcpu!.sleptInGuest).toBeGreaterThan(1_990_000);
    expect(vcpu!.sleptInGuest).toBeLessThan(2_000_000);
  });
});
