/** Captures round a change: the guest is found in the first, the change is emulated, the second judges. */
import { describe, expect, it } from "vitest";
import type { HostSpecPatch } from "../../src/config/host-schema.ts";
import { predictedPair } from "../support/predicted-pair.ts";

const HACKBENCH: HostSpecPatch = {
  cpu: "skylake-sp",
  cpus: 80,
  kernel: "linux-5.5",
  fastpath: { icr: "off" },
  guests: { vm: { vcpus: 8, kernel: "linux-5.4" } },
};
const hackbench = { before: "hackbench", after: "hackbench-fastpath", spec: HACKBENCH };

describe("the fastpath of the ICR under hackbench, as its author measured it", { timeout: 60_000 }, () => {
  const { reasons, verdict, emulated } = predictedPair({ ...hackbench, set: { fastpath: { icr: "on" } } });
  const [msr] = reasons;

  it("is foretold: the average of MSR_WRITE about halves, its share stays", () => {
    expect(msr?.reason).toBe("MSR_WRITE");
    expect(msr?.avg?.measured).toBeCloseTo(0.58 / 1.08 - 1, 6);
    expect(Math.abs((msr?.avg?.emulated ?? 0) - (msr?.avg?.measured ?? 0))).toBeLessThan(0.1);
    expect(verdict).toEqual({ agrees: true, findings: [], judged: { shares: 2, averages: 1 } });
  });

  it("rests on the handler that the fastpath spares", () => {
    const figures = (side: "before" | "after"): readonly string[] =>
      emulated[side].prices.find(({ reason }) => reason === "MSR_WRITE")?.parts.flatMap((part) => part.figures) ?? [];
    expect(figures("before")).toContain("handler.icr");
    expect(figures("after")).not.toContain("handler.icr");
  });
});

it("a change that the specification does not have is a finding, with both changes in figures", { timeout: 60_000 }, () => {
  const { verdict } = predictedPair({ ...hackbench, set: {} });
  expect(verdict.agrees).toBe(false);
  expect(verdict.findings).toEqual([
    expect.stringMatching(
      /^MSR_WRITE: its average changed by -46\.3 % measured, by [+-]\d\.\d % emulated; 1\d\.\d points apart are allowed$/,
    ),
  ]);
});

it("mitigations turned off on a host whose figures scatter by 5 %: every reason gets cheaper as foretold", { timeout: 60_000 }, () => {
  const { reasons, verdict } = predictedPair({
    before: "mitigations-on",
    after: "mitigations-off",
    spec: { cpu: "skylake-sp", kernel: "linux-6.8", guests: { vm: { vcpus: 8 } } },
    set: { mitigations: { all: "off" } },
    seconds: 10,
  });
  expect(verdict).toMatchObject({ agrees: true, findings: [] });
  for (const { avg } of reasons) if (avg !== null) expect([avg.measured < 0, avg.emulated < 0]).toEqual([true, true]);
});

it(
  "timer fastpaths backported, with a table of MSRs: perf sees no TSC_DEADLINE writes any more, and no expiry",
  { timeout: 60_000 },
  () => {
    const { reasons, verdict } = predictedPair({
      before: "timers-before",
      after: "timers-after",
      spec: { kernel: "rhel-8.2", guests: { vm: { vcpus: 8 } } },
      set: { kernel: "c82" },
      seconds: 10,
    });
    const find = (name: string) => reasons.find(({ reason }) => reason === name);
    expect(verdict).toMatchObject({ agrees: true, findings: [] });
    expect(find("MSR_WRITE")?.share.emulated).toBeLessThan(-0.4);
    expect(find("MSR_WRITE")?.avg?.emulated).toBeGreaterThan(0.5);
    expect(find("PREEMPTION_TIMER")?.emulated.after.share).toBe(0);
  },
);
