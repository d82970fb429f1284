import { describe, expect, it } from "vitest";
import { CLOSING_LINE } from "../../src/metrics/format.ts";
import { hostFamilies } from "../../src/metrics/host-metrics.ts";
import { renderReference } from "../../src/metrics/prom-client.ts";
import { renderFleet, renderHost } from "../../src/metrics/render.ts";
import { parseExposition, samplesNamed, seriesKey } from "../support/exposition.ts";
import { FAKE_TIMES, fakeFleet, fakeFleetOf, fakeHost, fakePlan } from "../support/snapshot.ts";

const odd = fakeHost("odd", {
  plan: fakePlan("odd", { zone: "", labels: { note: 'a "quoted" \\ back\nslash', city: "Zürich" }, cohort: "canary" }),
  lastChangeNs: 12_345_678_901,
  generation: 3,
});
const failed = fakeHost("broken", { state: "failed", failure: "an exit ended before it began" });

describe("the fast rendering", () => {
  for (const format of ["text", "openmetrics"] as const) {
    it(`gives the same ${format} as prom-client for one host`, async () => {
      for (const host of [
        odd,
        fakeHost("plain"),
        fakeHost("empty", { plan: fakePlan("empty", { spec: { ...odd.plan.spec, guests: {} } }) }),
      ]) {
        expect(renderHost(host, FAKE_TIMES, format)).toBe(await renderReference(hostFamilies([host], FAKE_TIMES, false), format));
      }
    });

    it(`gives the same ${format} as prom-client for a fleet with identity labels`, async () => {
      const hosts = [...fakeFleetOf(5).hosts.values(), odd, failed];
      const fast = [...renderFleet(hosts, FAKE_TIMES, format)].join("");
      expect(fast).toBe(await renderReference(hostFamilies(hosts, FAKE_TIMES, true), format));
    });
  }

  it("gives the same again after it rendered the other format", () => {
    const host = fakeHost("plain");
    const before = renderHost(host, FAKE_TIMES, "text");
    renderHost(host, FAKE_TIMES, "openmetrics");
    expect(renderHost(host, FAKE_TIMES, "text")).toBe(before);
    expect(before).toContain("# TYPE kvm_exits_total counter");
  });

  it("hands a fleet out in chunks: 64 KiB and at most one metric of one host more", () => {
    const chunks = [...renderFleet([...fakeFleetOf(12).hosts.values()], FAKE_TIMES, "text")];
    expect(chunks.length).toBeGreaterThan(5);
    for (const chunk of chunks) expect(chunk.length).toBeLessThan(160 * 1024);
  });

  it("renders an empty fleet as headers only", () => {
    expect(parseExposition([...renderFleet([], FAKE_TIMES, "text")].join(""))).toEqual([]);
  });
});

describe("both scrape modes", () => {
  it("have equal label sets apart from the identity labels", () => {
    const fleet = fakeFleet([odd]);
    const own = parseExposition(renderHost(odd, FAKE_TIMES, "text")).map((sample) => seriesKey(sample));
    const identity = ["host", "group", "zone", "instance", "note", "city"];
    const all = parseExposition([...renderFleet([...fleet.hosts.values()], FAKE_TIMES, "text")].join(""));
    expect(all.map((sample) => seriesKey(sample, identity))).toEqual(own);
    expect(all.every(({ labels }) => labels["host"] === "odd" && labels["instance"] === "odd" && labels["city"] === "Zürich")).toBe(true);
    expect(all.every(({ labels }) => labels["note"] === 'a "quoted" \\ back\nslash' && !("zone" in labels))).toBe(true);
  });

  it("have no label of a metric that an identity label would shadow", () => {
    const own = parseExposition(renderHost(odd, FAKE_TIMES, "text")).flatMap(({ labels }) => Object.keys(labels));
    expect(own.filter((label) => ["host", "group", "zone", "instance", "job"].includes(label))).toEqual([]);
  });
});

describe("a failed host", () => {
  it("says that it is down and nothing else", () => {
    const samples = parseExposition([...renderFleet([failed, fakeHost("plain")], FAKE_TIMES, "text")].join(""));
    const own = samples.filter(({ labels }) => labels["host"] === "broken");
    expect(own).toMatchObject([{ name: "kvm_host_up", value: "0" }]);
    expect(samplesNamed(samples, "kvm_host_up")).toHaveLength(2);
  });
});

describe("OpenMetrics", () => {
  const text = renderHost(odd, FAKE_TIMES, "openmetrics") + CLOSING_LINE.openmetrics;

  it("names a counter's family without _total and its samples with it", () => {
    expect(text).toContain("# TYPE kvm_exits counter\n");
    expect(text).not.toContain("# TYPE kvm_exits_total");
    expect(samplesNamed(parseExposition(text), "kvm_exits_total")).not.toEqual([]);
  });

  it("ends with # EOF, has no blank line, and no family twice", () => {
    expect(text.endsWith("\n# EOF\n")).toBe(true);
    expect(text).not.toContain("\n\n");
    const families = [...text.matchAll(/^# TYPE (\S+)/gm)].map((found) => found[1]);
    expect(new Set(families).size).toBe(families.length);
  });
});
