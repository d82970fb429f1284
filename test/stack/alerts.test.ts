import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { DASHBOARDS } from "../../dashboards/dashboards.ts";
import { brokenLinks } from "../support/docs/links.ts";
import { alerts, alertTests } from "../support/rules.ts";

const ALERTS = alerts();
const dashboards = DASHBOARDS.map((build) => build());

describe("every alert", () => {
  it("is seen", () => {
    expect(ALERTS.length).toBeGreaterThanOrEqual(12);
    expect(new Set(ALERTS.map(({ alert }) => alert)).size).toBe(ALERTS.length);
  });

  it.each(ALERTS)("waits, and says how bad it is and what is wrong: $alert", ({ for: wait, labels, annotations }) => {
    expect(wait).toMatch(/^\d+m$/);
    expect(["critical", "warning"]).toContain(labels["severity"]);
    expect(annotations["summary"]).toMatch(/^.{10,130}\.$/);
    expect(annotations["description"]).toMatch(/^.{30,}\.$/s);
  });

  it.each(ALERTS)("opens a dashboard with variables that it has: $alert", ({ annotations }) => {
    const url = new URL(annotations["dashboard"] ?? "", "http://grafana");
    const dashboard = dashboards.find(({ uid }) => url.pathname === `/d/${uid}`);
    const variables = dashboard?.templating?.list?.map(({ name }) => `var-${name}`);
    expect(variables).toEqual(expect.arrayContaining([...url.searchParams.keys()]));
  });

  it.each(ALERTS)("has its section in the runbook: $alert", ({ alert, annotations }) => {
    const [file = "", anchor] = annotations["runbook"]?.split("#") ?? [];
    expect(anchor).toBe(alert.toLowerCase());
    expect(brokenLinks("README.md", `[runbook](${annotations["runbook"]})`)).toEqual([]);
    const section = readFileSync(file, "utf8").split(`### ${alert}\n`)[1]?.split("\n### ")[0];
    expect(section?.length).toBeGreaterThan(100);
  });

  it.each(ALERTS)("has a unit test in which it fires and one in which it does not: $alert", ({ alert }) => {
    const tests = alertTests().filter((one) => one.alert === alert);
    expect(tests.some(({ firing }) => firing > 0)).toBe(true);
    expect(tests.some(({ firing }) => firing === 0)).toBe(true);
  });
});
