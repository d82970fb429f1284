import { setTimeout as pause } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { DaemonProcess, SMALL_FLEET } from "../support/daemon-process.ts";
import { parseExposition, valueOf } from "../support/exposition.ts";

let daemon: DaemonProcess;
beforeAll(async () => {
  daemon = new DaemonProcess(SMALL_FLEET, ["--open"]);
  await daemon.url();
});
afterAll(() => daemon.remove());

async function compare(body: unknown): Promise<{ status: number; answer: Record<string, unknown> }> {
  const headers = { "content-type": "application/json" };
  const response = await fetch(`${await daemon.url()}/api/v1/compare`, { method: "POST", headers, body: JSON.stringify(body) });
  return { status: response.status, answer: (await response.json()) as Record<string, unknown> };
}

const SET = { fastpath: { icr: "off", tsc_deadline: "off" } };

describe("POST /api/v1/compare", () => {
  it("answers with a verdict, and scrapes go on meanwhile", async () => {
    const answered = new AbortController();
    const comparing = compare({ match: { group: "skx" }, set: SET, seconds: 60 }).finally(() => answered.abort());
    const tookMs: number[] = [];
    const work = async () => valueOf(parseExposition(await daemon.text("/metrics?collect[]=daemon")), "fastpathd_emulated_seconds_total");
    const first = await work();
    for (; !answered.signal.aborted; await pause(20)) {
      const startMs = performance.now();
      await daemon.text("/hosts/skx-001/metrics");
      tookMs.push(performance.now() - startMs);
    }
    const { status, answer } = await comparing;
    expect([status, answer["verdict"]]).toEqual([200, expect.stringMatching(/^AFTER spends [\d.]+ ± [\d.]+ % more cores on exits/)]);
    const sorted = tookMs.toSorted((a, b) => a - b);
    expect(sorted[Math.floor(sorted.length / 2)]).toBeLessThan(150);
    expect(await work()).toBeGreaterThan(first);
  });

  it("touches nothing that runs", async () => {
    const before = await daemon.text("/api/v1/hosts/skx-001");
    await compare({ match: { group: "skx" }, set: SET, seconds: 1 });
    const [was, is] = [before, await daemon.text("/api/v1/hosts/skx-001")].map((text) => JSON.parse(text) as Record<string, unknown>);
    expect(is).toMatchObject({ generation: was?.["generation"], spec: was?.["spec"] });
    expect(JSON.parse(await daemon.text("/api/v1/changes"))).toEqual({ changes: [] });
  });

  it("says what is wrong with a request", async () => {
    const { status, answer } = await compare({ match: { group: "skx" }, set: { kernal: "c84" } });
    expect([status, answer["detail"]]).toEqual([422, 'set.kernal: unknown key; did you mean "kernel"?']);
  });
});
