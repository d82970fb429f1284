import { gunzipSync } from "node:zlib";
import { afterAll, describe, expect, it } from "vitest";
import { renderHost } from "../../src/metrics/render.ts";
import { fakeBackend, startServer } from "../support/backend.ts";
import { parseExposition, samplesNamed, seriesKey } from "../support/exposition.ts";
import { FAKE_TIMES, fakeFleet, fakeFleetOf, fakeHost } from "../support/snapshot.ts";

const TEXT = "text/plain; version=0.0.4; charset=utf-8";
const OPENMETRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8";
/** As Prometheus 2.42 sends it. */
const PROMETHEUS_ACCEPT =
  "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1";

const failed = fakeHost("broken", { state: "failed", failure: "an exit ended before it began" });
const fleet = fakeFleet([...fakeFleetOf(3).hosts.values(), failed]);
const server = await startServer(fakeBackend(fleet));
afterAll(() => server.close());

const famous = "/hosts/public-skx-001/metrics";

describe("GET /hosts/{host}/metrics", () => {
  it("answers with the text format, version 0.0.4, when nothing else is asked for", async () => {
    const { status, headers, text } = await server.ask(famous);
    expect([status, headers["content-type"]]).toEqual([200, TEXT]);
    expect(text).toBe(renderHost(fleet.hosts.get("public-skx-001") as typeof failed, FAKE_TIMES, "text"));
  });

  it("answers Prometheus with OpenMetrics, which ends with # EOF", async () => {
    const { headers, text } = await server.ask(famous, { headers: { accept: PROMETHEUS_ACCEPT } });
    expect(headers["content-type"]).toBe(OPENMETRICS);
    expect(text.endsWith("\n# EOF\n")).toBe(true);
  });

  it("answers with text when the client likes text better, or knows another OpenMetrics only", async () => {
    for (const accept of ["application/openmetrics-text;q=0.1, text/plain", "application/openmetrics-text; version=0.0.1", "*/*"]) {
      expect((await server.ask(famous, { headers: { accept } })).headers["content-type"]).toBe(TEXT);
    }
  });

  it("is compressed when asked, and not when refused", async () => {
    const packed = await server.ask(famous, { headers: { "accept-encoding": "gzip" } });
    expect(packed.headers["content-encoding"]).toBe("gzip");
    expect(gunzipSync(packed.body).toString()).toBe((await server.ask(famous)).text);
    expect(packed.headers["content-length"]).toBe(String(packed.body.length));
    const plain = await server.ask(famous, { headers: { "accept-encoding": "gzip;q=0, br" } });
    expect(plain.headers["content-encoding"]).toBeUndefined();
  });

  it("answers HEAD with the headers of GET and no body", async () => {
    const [get, head] = [await server.ask(famous), await server.ask(famous, { method: "HEAD" })];
    expect(head.status).toBe(200);
    expect(head.body).toHaveLength(0);
    expect(head.headers["content-length"]).toBe(get.headers["content-length"]);
    expect(head.headers["content-type"]).toBe(TEXT);
  });

  it("is 404 for a host that is not there, with a sentence", async () => {
    for (const name of ["nobody", "__proto__", "%zz", "..%2f.."]) {
      const { status, headers, text } = await server.ask(`/hosts/${name}/metrics`);
      expect([status, headers["content-type"]]).toEqual([404, "application/problem+json"]);
      expect(JSON.parse(text)).toMatchObject({ status: 404, title: "Not Found" });
    }
  });

  it("is 503 for a host that stopped, and says why", async () => {
    const { status, text } = await server.ask("/hosts/broken/metrics");
    expect(status).toBe(503);
    expect(JSON.parse(text)).toMatchObject({ detail: expect.stringContaining("an exit ended before it began") as unknown });
  });

  it("refuses other methods and names those it takes", async () => {
    const { status, headers } = await server.ask(famous, { method: "POST" });
    expect([status, headers.allow]).toEqual([405, "GET, HEAD"]);
  });
});

describe("GET /metrics", () => {
  it("has the daemon's metrics and the fleet's, with identity labels", async () => {
    const { status, text } = await server.ask("/metrics");
    expect(status).toBe(200);
    const samples = parseExposition(text);
    expect(samplesNamed(samples, "fastpathd_build_info")).toHaveLength(1);
    expect(samplesNamed(samples, "kvm_host_up").map(({ labels, value }) => [labels["host"], labels["instance"], value])).toEqual([
      ["public-skx-001", "public-skx-001", "1"],
      ["public-skx-002", "public-skx-002", "1"],
      ["public-skx-003", "public-skx-003", "1"],
      ["broken", "broken", "0"],
    ]);
    const keys = samples.map((sample) => seriesKey(sample));
    expect(new Set(keys).size).toBe(keys.length);
  });

  it("takes parts by collect[]", async () => {
    const names = async (query: string) =>
      new Set(parseExposition((await server.ask(`/metrics?${query}`)).text).map(({ name }) => name.split("_")[0]));
    expect(await names("collect[]=daemon")).toEqual(new Set(["fastpathd"]));
    expect(await names("collect[]=fleet")).toEqual(new Set(["kvm", "node"]));
    expect(await names("collect%5B%5D=fleet&collect[]=daemon")).toEqual(new Set(["fastpathd", "kvm", "node"]));
    const { status, text } = await server.ask("/metrics?collect[]=hosts");
    expect([status, JSON.parse(text)]).toMatchObject([400, { detail: 'expected collect[] to be daemon or fleet, came "hosts"' }]);
  });

  it("ends OpenMetrics once, whichever parts it has", async () => {
    for (const query of ["", "?collect[]=daemon", "?collect[]=fleet"]) {
      const { text } = await server.ask(`/metrics${query}`, { headers: { accept: PROMETHEUS_ACCEPT } });
      expect(text.split("# EOF\n")).toHaveLength(2);
      expect(text.endsWith("\n# EOF\n")).toBe(true);
      expect(text).not.toContain("\n\n");
    }
  });

  it("is compressed when asked", async () => {
    const { headers, body } = await server.ask("/metrics?collect[]=fleet", { headers: { "accept-encoding": "gzip" } });
    expect(headers["content-encoding"]).toBe("gzip");
    expect(gunzipSync(body).toString()).toBe((await server.ask("/metrics?collect[]=fleet")).text);
  });

  it("answers HEAD without a body", async () => {
    const { status, body, headers } = await server.ask("/metrics", { method: "HEAD" });
    expect([status, body.length, headers["content-type"]]).toEqual([200, 0, TEXT]);
  });

  it("leaves the fleet out above the limit and names /sd in a comment", async () => {
    const small = await startServer(fakeBackend(fleet), { fleetSeriesLimit: 100 });
    try {
      const { text } = await small.ask("/metrics");
      expect(text).toMatch(/^# The fleet is left out: its \d+ series are more than --fleet-series-limit 100\..*\/sd/m);
      expect(parseExposition(text).some(({ name }) => name.startsWith("kvm_"))).toBe(false);
      const openMetrics = await small.ask("/metrics", { headers: { accept: PROMETHEUS_ACCEPT } });
      expect(openMetrics.text).not.toContain("left out");
    } finally {
      await small.close();
    }
  });

  it("is valid for an empty fleet", async () => {
    const empty = await startServer(fakeBackend(fakeFleet([])));
    try {
      expect(parseExposition((await empty.ask("/metrics")).text).every(({ name }) => name.startsWith("fastpathd_"))).toBe(true);
      expect((await empty.ask("/sd")).text).toBe("[]");
      expect((await empty.ask("/metrics?collect[]=fleet", { headers: { accept: PROMETHEUS_ACCEPT } })).text).toBe("# EOF\n");
    } finally {
      await empty.close();
    }
  });
});

describe("a large fleet", () => {
  it("of 100,000 series never keeps the event loop for long, compressed or not", async () => {
    const large = await startServer(fakeBackend(fakeFleetOf(190)), { fleetSeriesLimit: 1e6 });
    try {
      await large.ask("/metrics");
      for (const headers of [{}, { "accept-encoding": "gzip" }]) {
        let longestMs = 0;
        let before = performance.now();
        const timer = setInterval(() => {
          longestMs = Math.max(longestMs, performance.now() - before);
          before = performance.now();
        }, 1);
        const began = performance.now();
        const { body } = await large.ask("/metrics", { headers });
        clearInterval(timer);
        expect(body.length).toBeGreaterThan(500_000);
        // Some 20 ms of a few hundred on a quiet machine; a ratio, as other tests run beside this one.
        expect(longestMs / (performance.now() - began)).toBeLessThan(1 / 3);
      }
    } finally {
      await large.close();
    }
  });

  it("survives clients that go away in the middle", async () => {
    const large = await startServer(fakeBackend(fakeFleetOf(60)));
    try {
      await Promise.all(
        Array.from({ length: 5 }, async () => {
          const answer = await fetch(`http://127.0.0.1:${large.port}/metrics`);
          await answer.body?.cancel();
        }),
      );
      expect((await large.ask("/-/healthy")).status).toBe(200);
      expect(large.errors).toEqual([]);
    } finally {
      await large.close();
    }
  });
});

describe("GET /sd", () => {
  it("lists a target a host with the labels that its samples carry in the other mode", async () => {
    const { headers, text } = await server.ask("/sd", { headers: { host: "metrics.example:9464" } });
    expect(headers["content-type"]).toBe("application/json");
    const groups = JSON.parse(text) as { targets: string[]; labels: Record<string, string> }[];
    expect(groups).toHaveLength(4);
    expect(groups[0]).toEqual({
      targets: ["metrics.example:9464"],
      labels: {
        __metrics_path__: famous,
        host: "public-skx-001",
        group: "public-skx",
        zone: "bj-a",
        team: "compute",
        instance: "public-skx-001",
      },
    });
    const samples = samplesNamed(parseExposition((await server.ask("/metrics")).text), "kvm_host_up");
    expect(groups.map(({ labels: { __metrics_path__, ...identity } }) => identity)).toEqual(samples.map(({ labels }) => labels));
  });

  it("gives the advertised address, whatever the client called", async () => {
    const advertised = await startServer(fakeBackend(fleet), { advertise: { host: "fleet.internal", port: 80 } });
    try {
      const groups = JSON.parse((await advertised.ask("/sd")).text) as { targets: string[] }[];
      expect(groups[0]?.targets).toEqual(["fleet.internal:80"]);
    } finally {
      await advertised.close();
    }
  });

  it("does not repeat a Host header that is no address", async () => {
    const groups = JSON.parse((await server.ask("/sd", { headers: { host: "a b<script>" } })).text) as { targets: string[] }[];
    expect(groups[0]?.targets).toEqual([`127.0.0.1:${server.port}`]);
  });
});
