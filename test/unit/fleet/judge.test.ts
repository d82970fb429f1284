import { describe, expect, it } from "vitest";
import type { Capture } from "../../../src/fleet/capture/capture.ts";
import { readCapture } from "../../../src/fleet/capture/read-capture.ts";
import { capturedMix, type Mix } from "../../../src/fleet/imitation/mix.ts";
import type { EmulatedSide } from "../../../src/fleet/prediction/emulate-both.ts";
import { judge, type MeasuredSide, verdictOf } from "../../../src/fleet/prediction/judge.ts";

/** Count, average and its error in percent, by reason. */
type Rows = Readonly<Record<string, readonly [count: number, avgUs: number, errorPercent?: number]>>;

function measured(rows: Rows): MeasuredSide {
  const lines = Object.entries(rows).map(([reason, [count, avg, error = 0]]) => `${reason} ${count} ${avg}us ( +- ${error}% )`);
  const read = readCapture(["VM-EXIT Samples Avg time", ...lines].join("\n"));
  if (!read.ok) throw new Error(JSON.stringify(read.problems));
  const capture: Capture = read.value;
  return { capture, mix: capturedMix(capture, { seconds: 1, vcpus: 1, assumed: [] }) };
}

function emulated(rows: Rows): EmulatedSide {
  const { mix }: { mix: Mix } = measured(rows);
  const events = new Map(Object.entries(rows).map(([reason, [samples]]) => [reason, { samples, avgError: 0 }]));
  return { mix, events, prices: [], figures: [] };
}

const sides = (before: Rows, after: Rows) => ({ before: measured(before), after: measured(after) });
const emulations = (before: Rows, after: Rows) => ({ before: emulated(before), after: emulated(after) });
const WAS: Rows = { MSR_WRITE: [900, 1], HLT: [100, 500] };

function averageOf(came: Rows, foretold: Rows): boolean | null {
  const [msr] = judge(sides(WAS, came), emulations(WAS, foretold));
  return msr?.avg?.agrees ?? null;
}

describe("an average's change", () => {
  it("agrees within five points and a quarter of what was measured", () => {
    expect(averageOf({ ...WAS, MSR_WRITE: [900, 0.6] }, { ...WAS, MSR_WRITE: [900, 0.74] })).toBe(true);
    expect(averageOf({ ...WAS, MSR_WRITE: [900, 0.6] }, { ...WAS, MSR_WRITE: [900, 0.76] })).toBe(false);
    expect(averageOf(WAS, { ...WAS, MSR_WRITE: [900, 0.96] })).toBe(true);
  });

  it("does not agree when nothing was foretold of a change, or a change of nothing, or the other direction", () => {
    expect(averageOf({ ...WAS, MSR_WRITE: [900, 0.9] }, WAS)).toBe(false);
    expect(averageOf(WAS, { ...WAS, MSR_WRITE: [900, 0.9] })).toBe(false);
    expect(averageOf({ ...WAS, MSR_WRITE: [900, 0.94] }, { ...WAS, MSR_WRITE: [900, 1.03] })).toBe(false);
  });

  it("may be further apart by what chance brings to the measured averages", () => {
    const foretold: Rows = { ...WAS, MSR_WRITE: [900, 0.9] };
    expect(averageOf({ ...WAS, MSR_WRITE: [900, 1, 1] }, foretold)).toBe(false);
    expect(averageOf({ ...WAS, MSR_WRITE: [900, 1, 5] }, foretold)).toBe(true);
  });

  it("is not judged for a sleep, a rare reason, few events or a capture without times", () => {
    const rows: Rows = { MSR_WRITE: [9000, 1], HLT: [900, 500], CPUID: [50, 1] };
    const reasons = judge(sides(rows, rows), emulations(rows, rows));
    const whyOf = (name: string) => reasons.find(({ reason }) => reason === name)?.unjudged;
    expect([whyOf("MSR_WRITE"), whyOf("HLT"), whyOf("CPUID")]).toEqual([
      null,
      expect.stringContaining("sleeps"),
      "less than 1 % of the exits",
    ]);
    const few: Rows = { MSR_WRITE: [20, 1], HLT: [10, 500] };
    expect(judge(sides(few, few), emulations(rows, rows))[0]?.unjudged).toBe("fewer than 30 events");
    const counted = readCapture("KVM_EXIT_REASON COUNT\nMSR_WRITE 900\nHLT 100");
    if (!counted.ok) throw new Error("a capture");
    const side = { capture: counted.value, mix: capturedMix(counted.value, { seconds: 1, vcpus: 1, assumed: [] }) };
    expect(judge({ before: side, after: side }, emulations(WAS, WAS))[0]?.unjudged).toBe("no times");
  });
});

describe("a share's change", () => {
  it("agrees within three points", () => {
    const shares = (msr: number): Rows => ({ MSR_WRITE: [msr, 1], HLT: [1000 - msr, 500] });
    const agrees = (came: number, foretold: number) =>
      judge(sides(shares(900), shares(came)), emulations(shares(900), shares(foretold))).map(({ share }) => share.agrees);
    expect(agrees(800, 825)).toEqual([true, true]);
    expect(agrees(800, 835)).toEqual([false, false]);
  });

  it("counts reasons that only one side names, and all others as one", () => {
    const reasons = judge(sides(WAS, { MSR_WRITE: [900, 1], VMCALL: [100, 1] }), emulations(WAS, { ...WAS, CPUID: [50, 1] }));
    expect(reasons.map(({ reason }) => reason)).toEqual(["MSR_WRITE", "HLT", "VMCALL", "OTHER"]);
    expect(reasons.at(-1)?.emulated.after.share).toBeCloseTo(50 / 1050, 9);
  });
});

it("a guest that does not even give back the capture it was found in is a finding of its own", () => {
  expect(verdictOf([], 0.02)).toEqual({ agrees: true, findings: [], judged: { shares: 0, averages: 0 } });
  expect(verdictOf([], 0.05).findings).toEqual([expect.stringContaining("within 5.0 points")]);
});
