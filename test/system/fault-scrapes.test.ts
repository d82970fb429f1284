/** What a real Prometheus makes of scrapes that are broken on purpose. */
import { afterAll, beforeAll, expect, it } from "vitest";
import { DaemonProcess, SMALL_FLEET } from "../support/daemon-process.ts";
import { PrometheusProcess } from "../support/prometheus-process.ts";

let daemon: DaemonProcess;
let prometheus: PrometheusProcess;
beforeAll(async () => {
  daemon = new DaemonProcess(SMALL_FLEET, ["--open"]);
  const { host } = new URL(await daemon.url());
  prometheus = await PrometheusProcess.start({
    scrapeConfigs: `
  - { job_name: hosts, http_sd_configs: [{ url: "http://${host}/sd", refresh_interval: 1s }] }
  - { job_name: fleet, honor_labels: true, params: { "collect[]": [fleet] }, static_configs: [{ targets: ["${host}"] }] }
`,
  });
  await prometheus.query('count(up{job="hosts"} == 1) == 3 and on () count(kvm_host_up{job="fleet"} == 1) == 3', 60_000);
});
afterAll(async () => {
  await prometheus.stop();
  await daemon.remove();
});

async function call(method: "POST" | "DELETE", path: string, body?: unknown): Promise<{ id: string }> {
  const sent = body === undefined ? {} : { body: JSON.stringify(body), headers: { "content-type": "application/json" } };
  const answer = await fetch((await daemon.url()) + path, { method, ...sent });
  return (await answer.json()) as { id: string };
}

/** Why the last scrape of the broken host failed. */
async function lastError(): Promise<string | undefined> {
  const { activeTargets } = (await prometheus.get("targets")) as { activeTargets: { labels: { instance: string }; lastError: string }[] };
  return activeTargets.find(({ labels }) => labels.instance === "skx-001")?.lastError;
}

it.each([
  ["down", {}, "503 Service Unavailable", 'kvm_host_up{job="fleet",host="skx-001"} == 0'],
  ["scrape_error", {}, "500 Internal Server Error", 'absent(kvm_host_up{job="fleet",host="skx-001"})'],
  ["scrape_error", { answer: "truncated" }, "unexpected EOF", 'absent(kvm_host_up{job="fleet",host="skx-001"})'],
  ["slow_scrape", { delay: "3s" }, "context deadline exceeded", 'kvm_host_up{job="fleet",host="skx-001"} == 1'],
])("a scrape under %s %j fails with %s, and fails no other host nor the scrape of the whole fleet", async (kind, own, error, inFleet) => {
  const { id } = await call("POST", "/api/v1/faults", { kind, match: { host: "skx-001" }, ...own });
  await prometheus.query('up{job="hosts",instance="skx-001"} == 0', 30_000);
  expect(await lastError()).toContain(error);
  await prometheus.query(inFleet, 30_000);
  await prometheus.query('count(up{job="hosts",instance!="skx-001"} == 1) + count(up{job="fleet"} == 1) == 3', 30_000);
  await call("DELETE", `/api/v1/faults/${id}`);
  await prometheus.query('up{job="hosts",instance="skx-001"} == 1 and on () (kvm_host_up{job="fleet",host="skx-001"} == 1)', 30_000);
});
