import { describe, expect, it } from "vitest";
import { AT } from "../../src/kvm/counters.ts";
import { daemonFamilies, fleetSeries } from "../../src/metrics/daemon-families.ts";
import { DaemonStats } from "../../src/metrics/daemon-stats.ts";
import { ExitTotal, exitsOf } from "../../src/metrics/exit-total.ts";
import { DAEMON_METRICS } from "../../src/metrics/names.ts";
import { collectProcessMetrics, renderReference } from "../../src/metrics/prom-client.ts";
import { parseExposition, samplesNamed, valueOf } from "../support/exposition.ts";
import { fakeFleet, fakeFleetOf, fakeHost } from "../support/snapshot.ts";

const fleet = fakeFleet([fakeHost("one"), fakeHost("two", { state: "failed", failure: "a clock ran backwards" })]);
const render = async (stats: DaemonStats) =>
  parseExposition(await renderReference(daemonFamilies({ version: "0.1.0", stats, fleet, faults: [], emulatedExits: 42 }), "text"));

describe("what the daemon says of itself", () => {
  it("uses only the labels that names.ts lists", () => {
    const stats = new DaemonStats();
    stats.countRequest({ route: "/sd", method: "GET", code: "200" });
    for (const { name, samples } of daemonFamilies({ version: "0.1.0", stats, fleet, faults: [], emulatedExits: 0 })) {
      const allowed = new Set<string>([...DAEMON_METRICS[name as keyof typeof DAEMON_METRICS].labels, "le"]);
      expect(samples.flatMap(({ labels }) => Object.keys(labels)).filter((label) => !allowed.has(label))).toEqual([]);
    }
  });

  it("counts hosts by state and the series of a failed host as one", async () => {
    const samples = await render(new DaemonStats());
    expect(valueOf(samples, "fastpathd_hosts", { state: "running", fidelity: "exact" })).toBe(1);
    expect(valueOf(samples, "fastpathd_hosts", { state: "failed" })).toBe(1);
    expect(valueOf(samples, "fastpathd_series")).toBe(fleetSeries(fakeFleet([fakeHost("one")])) + 1);
  });

  it("has a scrape duration for both scrape routes before the first scrape", async () => {
    const counts = samplesNamed(await render(new DaemonStats()), "fastpathd_scrape_duration_seconds_count");
    expect(counts.map(({ labels, value }) => [labels["route"], value])).toEqual([
      ["/metrics", "0"],
      ["/hosts/{host}/metrics", "0"],
    ]);
  });

  it("counts a slice in the first bucket that holds it and in all above", async () => {
    const stats = new DaemonStats();
    stats.sliceSeconds.observe(0.02);
    stats.sliceSeconds.observe(7);
    const samples = await render(stats);
    expect(valueOf(samples, "fastpathd_slice_seconds_bucket", { le: "0.015" })).toBe(0);
    expect(valueOf(samples, "fastpathd_slice_seconds_bucket", { le: "0.02" })).toBe(1);
    expect(valueOf(samples, "fastpathd_slice_seconds_bucket", { le: "0.5" })).toBe(1);
    expect(valueOf(samples, "fastpathd_slice_seconds_bucket", { le: "+Inf" })).toBe(2);
    expect(valueOf(samples, "fastpathd_slice_seconds_sum")).toBeCloseTo(7.02);
  });

  it("counts requests by route, method and code", async () => {
    const stats = new DaemonStats();
    for (let i = 0; i < 3; i++) stats.countRequest({ route: "/sd", method: "GET", code: "200" });
    expect(valueOf(await render(stats), "fastpathd_http_requests_total", { route: "/sd", method: "GET", code: "200" })).toBe(3);
  });
});

describe("the total of emulated exits", () => {
  it("keeps the exits of hosts that rebooted or went away", () => {
    const total = new ExitTotal();
    const [one, two] = [...fakeFleetOf(2).hosts.values()] as [ReturnType<typeof fakeHost>, ReturnType<typeof fakeHost>];
    const both = exitsOf(one) + exitsOf(two);
    expect(total.add(fakeFleet([one, two]))).toBe(both);
    const low = one.low.slice();
    low[AT.exits] = (low[AT.exits] as number) + 5;
    expect(total.add(fakeFleet([{ ...one, low }]))).toBe(both + 5);
    const rebooted = { ...one, bootNs: 1e9, low: new Float64Array(low.length), high: new Float64Array(low.length) };
    expect(total.add(fakeFleet([rebooted]))).toBe(both + 5);
  });
});

describe("the metrics of the process", () => {
  it("leave out the gauges that are named like counters", async () => {
    const names = (await collectProcessMetrics()()).map(({ name }) => name);
    expect(names).toContain("process_cpu_user_seconds_total");
    expect(names.filter((name) => /^nodejs_active_.*_total$/.test(name))).toEqual([]);
  });

  it("survive OpenMetrics: the text format keeps _total afterwards", async () => {
    const read = collectProcessMetrics();
    const openMetrics = await renderReference(await read(), "openmetrics");
    expect(openMetrics).toContain("# TYPE process_cpu_user_seconds counter\nprocess_cpu_user_seconds_total ");
    expect(openMetrics).not.toContain("# EOF");
    expect(await renderReference(await read(), "text")).toContain(
      "# TYPE process_cpu_user_seconds_total counter\nprocess_cpu_user_seconds_total ",
    );
  });
});
