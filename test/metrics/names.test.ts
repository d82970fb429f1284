import { describe, expect, it } from "vitest";
import { fleetFileSchema } from "../../src/config/fleet-schema.ts";
import { DAEMON_METRICS, HOST_METRICS, IDENTITY_LABELS } from "../../src/metrics/names.ts";

const isAccepted = (label: string): boolean =>
  fleetFileSchema.safeParse({ groups: [{ name: "a", count: 1, labels: { [label]: "x" }, guests: {} }] }).success;

describe("a group's own label", () => {
  it("is refused when a metric of hosts, an identity or Prometheus has the name", () => {
    expect(isAccepted("team")).toBe(true);
    const taken = new Set([...Object.values(HOST_METRICS).flatMap(({ labels }) => labels), ...IDENTITY_LABELS, "le", "job"]);
    expect([...taken].filter(isAccepted)).toEqual([]);
  });
});

describe("a metric name", () => {
  it("ends in _total exactly when it is a counter", () => {
    for (const [name, { type }] of Object.entries({ ...HOST_METRICS, ...DAEMON_METRICS })) {
      expect([name, name.endsWith("_total")]).toEqual([name, type === "counter"]);
    }
  });
});
