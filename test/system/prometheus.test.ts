import { spawnSync } from "node:child_process";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { DaemonProcess } from "../support/daemon-process.ts";
import { PrometheusProcess, type SeriesLabels } from "../support/prometheus-process.ts";

let daemon: DaemonProcess;
let prometheus: PrometheusProcess;
beforeAll(async () => {
  daemon = new DaemonProcess();
  const { host } = new URL(await daemon.url());
  prometheus = await PrometheusProcess.start({
    scrapeConfigs: `
  - { job_name: hosts, http_sd_configs: [{ url: "http://${host}/sd", refresh_interval: 1s }] }
  - { job_name: fleet, honor_labels: true, params: { "collect[]": [fleet] }, static_configs: [{ targets: ["${host}"] }] }
  - { job_name: daemon, params: { "collect[]": [daemon] }, static_configs: [{ targets: ["${host}"] }] }
`,
  });
});
afterAll(async () => {
  await prometheus.stop();
  await daemon.remove();
});

const byText = (a: string, b: string): number => (a < b ? -1 : 1);
const withoutJob = (all: readonly SeriesLabels[]): string[] =>
  all
    .map((labels) => Object.entries(labels).filter(([label]) => label !== "job"))
    .map((pairs) => JSON.stringify(pairs.toSorted(([a], [b]) => byText(a, b))))
    .toSorted(byText);

describe("a real Prometheus", () => {
  it("finds every host by service discovery, up", async () => {
    await prometheus.query('count(up{job="hosts"} == 1) == 3');
    const targets = await prometheus.query('up{job="hosts"}');
    expect(targets.map(({ labels }) => labels["instance"] ?? "").toSorted(byText)).toEqual(["icx-001", "skx-001", "skx-002"]);
  });

  it("gets equal label sets by both ways of scraping, and no exported_ label", async () => {
    await prometheus.query('count(kvm_host_up{job="hosts"}) == 3 and on () count(kvm_host_up{job="fleet"}) == 3');
    const [hosts, fleet] = await Promise.all(
      ["hosts", "fleet"].map((job) => prometheus.series(`{job="${job}",__name__=~"kvm_.*|node_.*"}`)),
    );
    expect(hosts?.length).toBeGreaterThan(1500);
    expect(withoutJob(fleet ?? [])).toEqual(withoutJob(hosts ?? []));
    const labels = new Set([...(hosts ?? []), ...(fleet ?? [])].flatMap((series) => Object.keys(series)));
    expect([...labels].filter((label) => label.startsWith("exported_"))).toEqual([]);
  });

  it("reads counters as counters: exits are the count of their histogram and of its last bucket", async () => {
    const [exits] = await prometheus.query('sum(kvm_exits_total{job="hosts"}) > 0');
    const [counts] = await prometheus.query('sum(kvm_exit_cycles_count{job="hosts"}) > 0');
    expect(exits?.value).toBeGreaterThan(0);
    expect(counts?.value).toBeGreaterThan(0);
    const differing = 'count(kvm_exits_total{job="hosts"} != ignoring (le) kvm_exit_cycles_bucket{job="hosts",le="+Inf"}) or vector(0)';
    expect((await prometheus.query(differing))[0]?.value).toBe(0);
  });

  it("sees components add up to the cycles of all exits, on every host", async () => {
    const differing =
      'count(sum by (host) (kvm_exit_cycles_by_component_total{job="hosts"}) != sum by (host) (kvm_exit_cycles_sum{job="hosts"})) or vector(0)';
    expect((await prometheus.query(differing))[0]?.value).toBe(0);
  });

  it("scrapes the daemon itself", async () => {
    expect((await prometheus.query('fastpathd_hosts{state="running"}'))[0]?.value).toBe(3);
    expect((await prometheus.query('process_start_time_seconds{job="daemon"}')).length).toBe(1);
  });
});

describe("promtool check metrics", () => {
  for (const path of ["/metrics", "/metrics?collect[]=daemon", "/hosts/skx-001/metrics"]) {
    it(`has nothing to say about ${path}`, async () => {
      const input = await daemon.text(path);
      const { status, stdout, stderr } = spawnSync("promtool", ["check", "metrics"], { input, encoding: "utf8" });
      expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: "", stderr: "" });
    });
  }
});
