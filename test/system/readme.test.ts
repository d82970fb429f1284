/** What the READMEs tell a reader to paste into Prometheus, pasted. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { DEMO_FLEET, DaemonProcess } from "../support/daemon-process.ts";
import { PrometheusProcess } from "../support/prometheus-process.ts";

const fenced = (path: string, language: string): string[] =>
  [...readFileSync(path, "utf8").matchAll(new RegExp(`^\`\`\`${language}\\n([^]*?)^\`\`\``, "gm"))].map(([, text]) => text as string);

const SCRAPE_CONFIGS = fenced("README.md", "yaml").filter((text) => text.startsWith("scrape_configs:"));
/** Queries stand in paragraphs, below a comment each. */
const QUERIES = fenced("src/metrics/README.md", "promql")
  .flatMap((text) => text.split("\n\n"))
  .map((text) => /^# (.*)\n([^]*)$/.exec(text.trim()))
  .map((found) => ({ title: found?.[1] ?? "", query: (found?.[2] ?? "").replaceAll("[5m]", "[10s]") }));

it("finds two ways to scrape, and a query for each question", () => {
  expect(SCRAPE_CONFIGS.length).toBe(2);
  expect(QUERIES.length).toBe(8);
  expect(QUERIES.filter(({ title, query }) => title === "" || query === "")).toEqual([]);
});

describe("promtool check config", () => {
  it.each(SCRAPE_CONFIGS.map((text, i) => [i + 1, text] as const))("has nothing to say about way %i", (_, text) => {
    const dir = mkdtempSync(join(tmpdir(), "readme-"));
    const file = join(dir, "prometheus.yml");
    writeFileSync(file, text);
    const { status, stderr } = spawnSync("promtool", ["check", "config", file], { encoding: "utf8" });
    rmSync(dir, { recursive: true });
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  });
});

describe.each(SCRAPE_CONFIGS.map((text, i) => [i + 1, text] as const))("the demo fleet, scraped as the README says, way %i", (_, text) => {
  let daemon: DaemonProcess;
  let prometheus: PrometheusProcess;
  beforeAll(async () => {
    daemon = new DaemonProcess(DEMO_FLEET);
    const { host } = new URL(await daemon.url());
    prometheus = await PrometheusProcess.start({ scrapeConfigs: text.replace("scrape_configs:\n", "").replaceAll("localhost:9464", host) });
    await prometheus.query("count(kvm_host_up == 1) == 24", 40_000);
  });
  afterAll(async () => {
    await prometheus.stop();
    await daemon.remove();
  });

  it("has the daemon's own metrics beside those of all hosts", async () => {
    expect((await prometheus.query('fastpathd_hosts{state="running"}'))[0]?.value).toBe(24);
  });

  it.each(QUERIES)("answers: $title", async ({ query }) => {
    const rows = await prometheus.query(query, 40_000);
    expect(rows.filter(({ value }) => !Number.isFinite(value))).toEqual([]);
  });

  it("tells a cohort, a kernel and a fastpath that misses from the others", async () => {
    const [hitRate = "", , , , , byKernel = "", byCohort = ""] = QUERIES.map(({ query }) => query);
    await prometheus.query(`count(${hitRate}) == 24 and count(${byKernel}) == 10 and count(${byCohort}) == 3`, 40_000);
    const rates = await prometheus.query(hitRate);
    const rateOf = (host: string): number | undefined => rates.find(({ labels }) => labels["host"] === host)?.value;
    expect(rateOf("public-skx-c84-001")).toBe(1);
    expect(rateOf("enterprise-pm-c84-001")).toBe(0);
    expect(rateOf("dpdk-unfixed-001")).toBeLessThan(0.3);
    expect(new Set((await prometheus.query(byKernel)).map(({ labels }) => labels["kernel"]))).toEqual(
      new Set(["c82", "c84", "rhel-8.2", "linux-5.8", "linux-6.8", "linux-6.16", "linux-6.18"]),
    );
    expect((await prometheus.query(byCohort)).map(({ labels }) => labels["cohort"])).toEqual(expect.arrayContaining(["canary", "none"]));
  });
});
