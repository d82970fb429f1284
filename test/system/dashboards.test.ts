/** Every query of every dashboard on a real Prometheus, over twenty minutes of an emulated fleet. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { UID } from "../../dashboards/uids.ts";
import { RECORDED } from "../../dashboards/promql/recorded.ts";
import { EXPECTED } from "../support/history/expected.ts";
import { EXPECTED_OF_ROLLOUT } from "../support/history/expected-rollout.ts";
import { AT, LENGTH, STEP } from "../support/history/fleet.ts";
import { annotationQueries, panelQueries, type Variables } from "../support/history/panels.ts";
import { SCENARIOS } from "../support/history/scenarios.ts";
import { HistoryReader } from "../support/history/reader.ts";
import type { SeriesLabels } from "../support/prometheus-process.ts";

let reader: HistoryReader;
let firing: readonly SeriesLabels[];
beforeAll(async () => {
  reader = await HistoryReader.start();
  firing = await reader.alertsAtEnd();
}, 900_000);
afterAll(() => reader.stop());

describe("every panel", () => {
  it.each(panelQueries())("gets data: $uid, $panel ($refId)", async ({ uid, panel, refId }) => {
    const samples = await reader.read({ uid, panel, refId, at: AT.end });
    expect(samples.filter(({ value }) => !Number.isFinite(value))).toEqual([]);
    expect(samples.length).toBeGreaterThan(0);
  });
});

describe("a change of the configuration", () => {
  it.each(annotationQueries())("is a mark at its own time: $uid", async ({ uid, expr }) => {
    const range = { start: reader.unix(0), end: reader.unix(LENGTH), step: STEP };
    const chosen: Variables = uid === UID.host ? { host: "dpdk-001" } : {};
    const series = await reader.prometheus.queryRange(await reader.expand(uid, expr, chosen), range);
    const marks = series.flatMap(({ points }) => points.map(([, value]) => Number(value) / 1000 - reader.history.start));
    expect([...new Set(marks)]).toEqual([300, 600]);
  });
});

describe("what a panel shows is what the emulator counted", () => {
  it.each([...EXPECTED, ...EXPECTED_OF_ROLLOUT])("$uid, $panel $refId $chosen", async ({ truth, offset = 0, ...reading }) => {
    const samples = await reader.read({ ...reading, at: AT.end });
    const all = reader.truth(AT.end);
    expect(samples.length).toBeGreaterThan(0);
    for (const { labels, value } of samples) {
      const expected = truth(all, labels);
      const isClose = Math.abs(value - expected) <= 0.01 * Math.abs(expected + offset);
      expect(isClose, `${JSON.stringify(labels)}: the panel shows ${value}, the emulator counted ${expected}`).toBe(true);
    }
  });
});

describe("the dashboards answer", () => {
  it.each(SCENARIOS)("$question ($uid, $panel)", async ({ shows, rises, ...reading }) => {
    const values: number[] = [];
    for (const { at, curve, range } of shows) {
      const samples = await reader.read({ ...reading, at });
      const found = samples.filter(({ labels }) => Object.entries(curve).every(([label, value]) => labels[label] === value));
      expect(found.length, `curves ${JSON.stringify(curve)} at ${at} s`).toBe(range === "none" ? 0 : 1);
      if (range === "none") continue;
      expect(found[0]?.value, `at ${at} s`).toBeGreaterThanOrEqual(range[0]);
      expect(found[0]?.value, `at ${at} s`).toBeLessThanOrEqual(range[1]);
      values.push(found[0]!.value);
    }
    if (rises === undefined) return;
    const rise = values.at(-1)! - values[0]!;
    expect(rise).toBeGreaterThanOrEqual(rises[0]);
    expect(rise).toBeLessThanOrEqual(rises[1]);
  });
});

describe("alerts on a real Prometheus, as soon as they are true", () => {
  const hosts = (alert: string): (string | undefined)[] => firing.filter(({ alertname }) => alertname === alert).map(({ host }) => host);

  it("fire for what the configuration broke, and for nothing else", () => {
    expect(new Set(firing.map(({ alertname }) => alertname))).toEqual(
      new Set([
        "FastpathdConfigReloadFailed",
        "FastpathdFastpathLostToTimerMode",
        "FastpathdHitRateDropped",
        "FastpathdMicrocodeOld",
        "FastpathdMitigationMissing",
        "FastpathdRolloutRegression",
      ]),
    );
  });

  it("name the DPDK host that lacks the fix, not the fixed one and not the one with cpu-pm", () => {
    expect(hosts("FastpathdFastpathLostToTimerMode")).toEqual(["dpdk-lost-001"]);
  });

  it("name the hosts whose timer fastpaths were turned off, not the one with cpu-pm, whose exits got fewer", () => {
    expect(new Set(hosts("FastpathdHitRateDropped"))).toEqual(new Set(["timers-001", "timers-002"]));
  });

  it("name the host that lost a mitigation, that with old microcode, and the cohort with dearer IPIs", () => {
    expect(firing.filter(({ alertname }) => alertname === "FastpathdMitigationMissing")).toMatchObject([
      { host: "peers-002", vulnerability: "spectre_v2" },
    ]);
    expect(hosts("FastpathdMicrocodeOld")).toEqual(["taa-001"]);
    expect(firing.filter(({ alertname }) => alertname === "FastpathdRolloutRegression")).toMatchObject([{ cohort: "canary", msr: "icr" }]);
  });
});

describe("a recorded series", () => {
  it.each(Object.entries(RECORDED))("has the labels that the dashboards know: %s", async (name, labels) => {
    const series = await reader.prometheus.series(name);
    const known = new Set<string>(["__name__", ...labels]);
    expect(series.flatMap((one) => Object.keys(one)).filter((label) => !known.has(label))).toEqual([]);
    const carried = new Set(series.flatMap((one) => Object.keys(one)));
    expect([...known].filter((label) => !carried.has(label))).toEqual([]);
  });
});
