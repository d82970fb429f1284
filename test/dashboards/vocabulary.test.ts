import { describe, expect, it, test } from "vitest";
import { PROCESS_METRICS } from "../../dashboards/promql/process-metrics.ts";
import { RECORDED } from "../../dashboards/promql/recorded.ts";
import { EXIT_USES, HEADLINE_FASTPATHS, MITIGATION_COMPONENTS } from "../../dashboards/promql/vocabulary.ts";
import { MITIGATION_COMPONENTS as KNOWN_COMPONENTS } from "../../src/cost/components.ts";
import { CPU_USES } from "../../src/kvm/counters.ts";
import { FASTPATHS } from "../../src/kvm/fastpaths.ts";
import { collectProcessMetrics } from "../../src/metrics/prom-client.ts";
import { recordings } from "../support/rules.ts";

describe("the dashboards' words", () => {
  it("name the fastpaths of the headline", () => {
    const headline = Object.entries(FASTPATHS).filter(([, { headline: isHeadline }]) => isHeadline);
    expect(HEADLINE_FASTPATHS).toEqual(headline.map(([name]) => name));
  });

  it("name the components that mitigations cause", () => {
    expect(MITIGATION_COMPONENTS).toEqual(KNOWN_COMPONENTS);
  });

  it("name uses of a CPU that there are", () => {
    expect(CPU_USES).toEqual(expect.arrayContaining([...EXIT_USES, "idle"]));
  });

  it("name process metrics that prom-client exposes, with their type and labels", async () => {
    const families = await collectProcessMetrics()();
    for (const [name, { type, labels }] of Object.entries(PROCESS_METRICS)) {
      const family = families.find((one) => one.name === name);
      expect([name, family?.meta.type, family?.samples.flatMap((sample) => Object.keys(sample.labels))]).toEqual([name, type, [...labels]]);
    }
  });
});

test("the series that dashboards take as recorded are those of the recording rules", () => {
  expect(recordings().map(({ record }) => record)).toEqual(Object.keys(RECORDED));
});
