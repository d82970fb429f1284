import { describe, expect, it } from "vitest";
import { Pace } from "../../src/daemon/pace.ts";

/** Runs a pace on a clock of its own: each slice costs wall time, each timer fires a little late. */
function run(pace: Pace, options: { untilMs: number; fromMs?: number; costPerEmulatedMs: number; lateMs?: number }): Run {
  const { untilMs, costPerEmulatedMs, lateMs = 0 } = options;
  const slices: { startMs: number; tookMs: number; ns: number }[] = [];
  let nowMs = options.fromMs ?? 0;
  while (nowMs < untilMs) {
    const startMs = nowMs;
    const before = pace.doneNs;
    const toNs = pace.nextNs(nowMs);
    const tookMs = ((toNs - before) / 1e6) * costPerEmulatedMs;
    nowMs += tookMs;
    const restMs = pace.sliceDone(toNs, tookMs, nowMs);
    slices.push({ startMs, tookMs, ns: toNs - before });
    nowMs += Math.max(1, Math.ceil(restMs)) + lateMs;
  }
  return { slices, nowMs };
}
interface Run {
  readonly slices: readonly { readonly startMs: number; readonly tookMs: number; readonly ns: number }[];
  readonly nowMs: number;
}

describe("a daemon with time to spare", () => {
  it("stays on time for an hour although every timer fires late", () => {
    const pace = new Pace(1, 0);
    const { nowMs } = run(pace, { untilMs: 3_600_000, costPerEmulatedMs: 0.2, lateMs: 3 });
    expect(Math.abs(pace.doneNs / 1e6 - nowMs)).toBeLessThan(60);
    expect(pace.lagSeconds).toBeLessThan(0.06);
    expect(pace.lostSeconds).toBe(0);
    expect(pace.speedRatio).toBeCloseTo(1, 2);
  });

  it("runs at the speed asked for, from whatever instant it started", () => {
    for (const speed of [0.5, 1, 20]) {
      const pace = new Pace(speed, 0);
      const { nowMs } = run(pace, { untilMs: 10_000, costPerEmulatedMs: 0.2 / speed });
      expect(pace.doneNs / 1e6 / nowMs).toBeCloseTo(speed, 1);
    }
    const late = new Pace(1, 5000);
    run(late, { fromMs: 5000, untilMs: 6000, costPerEmulatedMs: 0.2 });
    expect(late.doneNs / 1e9).toBeCloseTo(1, 1);
  });

  it("begins with a short slice, for nothing is known of the cost yet", () => {
    const pace = new Pace(1, 0);
    expect(pace.nextNs(500)).toBeLessThanOrEqual(2.5e5);
  });
});

describe("a daemon that cannot keep up", () => {
  const pace = new Pace(1, 0);
  const { slices } = run(pace, { untilMs: 60_000, costPerEmulatedMs: 2.5 });

  it("never takes the event loop for longer than 25 ms", () => {
    expect(Math.max(...slices.map(({ tookMs }) => tookMs))).toBeLessThan(25);
  });

  it("leaves a share of the time to everybody else", () => {
    const busyMs = slices.reduce((sum, { tookMs }) => sum + tookMs, 0);
    expect(busyMs / 60_000).toBeLessThan(0.85);
    expect(busyMs / 60_000).toBeGreaterThan(0.6);
  });

  it("shows its speed, its lag, and the time that it gave up", () => {
    expect(pace.speedRatio).toBeGreaterThan(0.25);
    expect(pace.speedRatio).toBeLessThan(0.4);
    expect(pace.lagSeconds).toBeGreaterThan(4);
    expect(pace.lagSeconds).toBeLessThan(5.1);
    expect(pace.doneNs / 1e9 + pace.lagSeconds + pace.lostSeconds).toBeCloseTo(60, 0);
  });
});

describe("a daemon that was paused", () => {
  it("catches up after two seconds at twice the speed at most, and loses nothing", () => {
    const pace = new Pace(1, 0);
    run(pace, { untilMs: 1000, costPerEmulatedMs: 0.1 });
    const { slices } = run(pace, { fromMs: 3000, untilMs: 3500, costPerEmulatedMs: 0.1 });
    const emulatedMs = slices.reduce((sum, { ns }) => sum + ns, 0) / 1e6;
    expect(emulatedMs).toBeGreaterThan(800);
    expect(emulatedMs).toBeLessThan(1100);
    expect(pace.lagSeconds).toBeGreaterThan(1);
    run(pace, { fromMs: 3500, untilMs: 7000, costPerEmulatedMs: 0.1 });
    expect(pace.lagSeconds).toBeLessThan(0.05);
    expect(pace.lostSeconds).toBe(0);
  });

  it("gives up what exceeds five seconds, so an hour's sleep is no storm", () => {
    const pace = new Pace(1, 0);
    run(pace, { untilMs: 1000, costPerEmulatedMs: 0.1 });
    run(pace, { fromMs: 3_601_000, untilMs: 3_620_000, costPerEmulatedMs: 0.1 });
    expect(pace.lagSeconds).toBeLessThan(0.05);
    expect(pace.lostSeconds).toBeGreaterThan(3590);
    expect(pace.lostSeconds).toBeLessThan(3600);
  });
});

describe("the cost of a slice", () => {
  it("is learnt again after one that was dear by accident", () => {
    const pace = new Pace(1, 0);
    run(pace, { untilMs: 1000, costPerEmulatedMs: 0.3 });
    pace.sliceDone(pace.nextNs(1020), 200, 1220);
    run(pace, { fromMs: 1225, untilMs: 5000, costPerEmulatedMs: 0.3 });
    expect(pace.lagSeconds).toBeLessThan(0.05);
  });
});
