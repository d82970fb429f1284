/** The README's queries, as they stand there, on the demo fleet and a real Prometheus. */
import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { DEMO_FLEET, DaemonProcess } from "../support/daemon-process.ts";
import { PrometheusProcess } from "../support/prometheus-process.ts";

let daemon: DaemonProcess;
let prometheus: PrometheusProcess;
beforeAll(async () => {
  daemon = new DaemonProcess(DEMO_FLEET);
  const { host } = new URL(await daemon.url());
  prometheus = await PrometheusProcess.start({
    scrapeConfigs: `
  - { job_name: kvm, http_sd_configs: [{ url: "http://${host}/sd", refresh_interval: 1s }] }
`,
  });
  // Enough samples of every host for a rate that means something.
  await prometheus.query("count(count_over_time(up[1m]) >= 12) >= 24", 90_000);
});
afterAll(async () => {
  await prometheus.stop();
  await daemon.remove();
});

const [, block = ""] = /## A query for each question[\s\S]*?```promql\n([\s\S]*?)```/.exec(readFileSync("README.md", "utf8")) ?? [];
const QUERIES = block
  .trim()
  .split("\n\n")
  .map((text) => {
    const [title = "", ...lines] = text.split("\n");
    return { title: title.replace(/^# /, ""), expression: lines.join("\n") };
  });

const answer = async (title: string): Promise<{ labels: Readonly<Record<string, string>>; value: number }[]> => {
  const found = QUERIES.find((query) => query.title.startsWith(title));
  return prometheus.query(found?.expression ?? "", 60_000);
};
const valueOf = (rows: Awaited<ReturnType<typeof answer>>, labels: Readonly<Record<string, string>>): number =>
  rows.find((row) => Object.entries(labels).every(([name, value]) => row.labels[name] === value))?.value ?? Number.NaN;

describe("a query of the README", () => {
  it("stands there for each question", () => {
    expect(QUERIES.length).toBeGreaterThanOrEqual(12);
  });

  it.each(QUERIES)("answers: $title", async ({ expression }) => {
    const rows = await prometheus.query(expression, 60_000);
    expect(rows.every(({ value }) => Number.isFinite(value))).toBe(true);
  });

  it("shows hundreds of cycles between the fastpath of c84 and the normal path of RHEL 8.2", async () => {
    for (const title of ["The fastpath of PREEMPTION_TIMER", "The fastpath of a write to TSC_DEADLINE", "The fastpath of an IPI"]) {
      const rows = await answer(title);
      const taken = title.endsWith("PREEMPTION_TIMER") ? {} : { path: "fastpath" };
      const normal = title.endsWith("PREEMPTION_TIMER") ? {} : { path: "kernel" };
      const gain = valueOf(rows, { group: "public-skx-rhel82", ...normal }) - valueOf(rows, { group: "public-skx-c84", ...taken });
      expect(gain, title).toBeGreaterThan(120);
      expect(gain, title).toBeLessThan(3000);
    }
  });

  it("shows that posting takes an exit away from a timer's cycle", async () => {
    const rows = await answer("The exitless timer");
    const [posted, usual] = ["enterprise-pm-c84", "enterprise-c84"].map((group) => valueOf(rows, { group }));
    // The guest's own clock event code writes more than once a cycle; what posting saves is the expiry, or the HLT.
    expect((usual ?? 0) - (posted ?? 0)).toBeGreaterThan(0.8);
  });

  it("shows that only the unfixed DPDK host misses for want of the preemption timer", async () => {
    const rows = await answer("The DPDK regression");
    const ordinary = (group: string): number => valueOf(rows, { group, cause: "no_hv_timer" });
    expect(ordinary("dpdk-unfixed")).toBeGreaterThan(4 * ordinary("dpdk-fixed"));
  });

  it("shows that VERW costs more where it clears", async () => {
    const rows = await answer("TAA");
    expect(valueOf(rows, { group: "public-clx-c84-cured" })).toBeGreaterThan(5 * valueOf(rows, { group: "public-clx-c84" }));
  });
});
