import { connect } from "node:net";
import { afterAll, describe, expect, it } from "vitest";
import { resolveHost } from "../../src/kvm/resolve.ts";
import { API_CALLS } from "../../src/http/api.ts";
import type { ChangeRecord } from "../../src/http/backend.ts";
import { fakeBackend, startServer, TOKEN, type Ask } from "../support/backend.ts";
import { fakeFleet, fakeHost, fakePlan } from "../support/snapshot.ts";

const plan = fakePlan("skx-1", { zone: "<b>" });
const change: ChangeRecord = {
  time: "2026-01-01T00:00:00.000Z",
  host: "skx-1",
  kind: "change",
  generation: 2,
  keys: [{ key: "fastpath.icr", before: "auto", after: "off", takes: "module_reload" }],
  takes: "module_reload",
};
const failure = { file: "fleet.yaml", line: 3, column: 1, key: "sead", message: "unknown key" };
const backend = fakeBackend(fakeFleet([fakeHost("skx-1", { plan, resolved: resolveHost(plan.spec) }), fakeHost("skx-2")]), {
  changes: () => [change, { ...change, host: "skx-2" }],
  reload: () => Promise.resolve({ ok: false, errors: [failure] }),
});
const server = await startServer(backend);
afterAll(() => server.close());

const json = async (path: string, ask?: Ask): Promise<{ status: number; body: Record<string, unknown> }> => {
  const { status, text } = await server.ask(path, ask);
  return { status, body: JSON.parse(text) as Record<string, unknown> };
};

describe("the API", () => {
  it("shows the fleet", async () => {
    const { body } = await json("/api/v1/fleet");
    expect(body).toMatchObject({ hosts: 2, vcpus: 20, guests: 6, emulated_seconds: 60, speed: 1 });
  });

  it("lists the hosts and links to their metrics", async () => {
    const { body } = await json("/api/v1/hosts");
    expect(body["hosts"]).toMatchObject([
      { name: "skx-1", kernel: "c84", metrics: "/hosts/skx-1/metrics" },
      { name: "skx-2", generation: 1 },
    ]);
  });

  it("shows one host with its specification", async () => {
    expect((await json("/api/v1/hosts/skx-1")).body).toMatchObject({ name: "skx-1", spec: plan.spec });
    expect((await json("/api/v1/hosts/nobody")).status).toBe(404);
  });

  it("explains every predicate with value and reason", async () => {
    const { body } = await json("/api/v1/hosts/skx-1/explain");
    expect(body).toMatchObject({ host: "skx-1", generation: 1 });
    const predicates = body["predicates"] as { predicate: string; value: string; why: string }[];
    expect(predicates.length).toBeGreaterThan(10);
    expect(predicates.every(({ predicate, why }) => predicate !== "" && why !== "")).toBe(true);
    expect(body["exits"]).toEqual(expect.arrayContaining([expect.objectContaining({ operation: "CPUID" })]));
  });

  it("lists changes, of one host when asked", async () => {
    expect((await json("/api/v1/changes")).body["changes"]).toHaveLength(2);
    expect((await json("/api/v1/changes?host=skx-1")).body["changes"]).toEqual([change]);
  });

  it("answers a reload that fails with its errors", async () => {
    const { status, body } = await json("/-/reload", { method: "POST", headers: { authorization: `Bearer ${TOKEN}` } });
    expect([status, body]).toMatchObject([500, { title: "Internal Server Error", errors: [failure] }]);
  });

  it("describes each of its calls in the OpenAPI document", async () => {
    const { body } = await json("/api/v1/openapi.json");
    const paths = body["paths"] as Record<string, Record<string, unknown>>;
    for (const { template, methods } of API_CALLS) {
      for (const method of methods) expect(paths[template], template).toHaveProperty(method.toLowerCase());
    }
  });

  it("answers HEAD, without ETag or the framework's name", async () => {
    const { status, headers, body } = await server.ask("/api/v1/hosts", { method: "HEAD" });
    expect([status, body.length]).toEqual([200, 0]);
    expect(headers).not.toHaveProperty("etag");
    expect(headers).not.toHaveProperty("x-powered-by");
  });

  it("escapes what the page shows", async () => {
    const odd = await startServer(fakeBackend(fakeFleet([fakeHost("x", { state: "failed", failure: "<script>alert(1)</script>" })])));
    expect((await odd.ask("/")).text).not.toContain("<script>");
    await odd.close();
  });
});

describe("a call with a body", () => {
  const bodies: unknown[] = [];
  const own = (): Promise<Awaited<ReturnType<typeof startServer>>> =>
    startServer(
      fakeBackend(fakeFleet([]), {
        compare: (body) => {
          bodies.push(body);
          return Promise.resolve({ body: { verdict: "none" } });
        },
      }),
    );
  const authorization = `Bearer ${TOKEN}`;
  const type = { "content-type": "application/json" };
  const ask = (headers: Record<string, string>, body: string): Ask => ({
    method: "POST",
    headers: { ...headers, "content-length": String(Buffer.byteLength(body)) },
    body,
  });

  it("hands on the JSON that came, with a token only", async () => {
    const one = await own();
    const body = '{ "set": { "kernel": "c84" } }';
    const answer = await one.ask("/api/v1/compare", ask({ ...type, authorization }, body));
    expect([answer.status, JSON.parse(answer.text)]).toEqual([200, { verdict: "none" }]);
    expect(bodies).toEqual([{ set: { kernel: "c84" } }]);
    expect((await one.ask("/api/v1/compare", ask(type, body))).status).toBe(401);
    await one.close();
  });

  it("refuses what is no JSON, or does not say that it is", async () => {
    const one = await own();
    const bad = await one.ask("/api/v1/compare", ask({ ...type, authorization }, "{ set"));
    expect([bad.status, bad.headers["content-type"]]).toEqual([400, "application/problem+json"]);
    const untyped = await one.ask("/api/v1/compare", ask({ authorization, "content-type": "text/plain" }, "{}"));
    expect([untyped.status, untyped.text]).toEqual([415, expect.stringContaining("came text/plain")]);
    expect((await one.ask("/api/v1/compare", { headers: { authorization } })).status).toBe(405);
    await one.close();
  });

  it("is described with its body in the OpenAPI document", async () => {
    const paths = (await json("/api/v1/openapi.json")).body["paths"] as Record<string, Record<string, unknown>>;
    const schema = { type: "object", additionalProperties: false, properties: { match: { type: "object" }, seeds: { type: "integer" } } };
    expect(paths["/api/v1/compare"]?.["post"]).toMatchObject({
      security: [{ token: [] }],
      requestBody: { required: true, content: { "application/json": { schema } } },
    });
  });
});

describe("an error", () => {
  it("is problem+json with a sentence, wherever it happens", async () => {
    for (const [path, status] of [
      ["/nowhere", 404],
      ["/api/v1/hosts/%zz", 400],
      ["/api/v2/fleet", 404],
    ] as const) {
      const { status: came, headers, text } = await server.ask(path);
      expect([path, came, headers["content-type"]]).toEqual([path, status, "application/problem+json"]);
      expect(JSON.parse(text)).toMatchObject({ type: "about:blank", status });
    }
  });

  it("of ours is reported, and the client learns nothing of it", async () => {
    const broken = await startServer(
      fakeBackend(fakeFleet([]), {
        snapshot: () => {
          throw new Error("a secret");
        },
      }),
    );
    for (const path of ["/sd", "/hosts/x/metrics", "/api/v1/fleet"]) {
      const { status, text } = await broken.ask(path);
      expect([status, text.includes("secret")]).toEqual([500, false]);
    }
    expect(broken.errors).toHaveLength(3);
    await broken.close();
  });

  it("answers a body that is too large before it is sent", async () => {
    const headers = { authorization: `Bearer ${TOKEN}`, "content-length": "70000" };
    expect((await server.ask("/-/reload", { method: "POST", headers, body: "x".repeat(70_000) })).status).toBe(413);
  });
});

describe("the server", () => {
  it("counts each request under the template of its route", async () => {
    await server.ask("/hosts/skx-1/metrics");
    await server.ask("/api/v1/hosts/skx-1");
    await server.ask("/nowhere-at-all");
    const counted = backend.stats.requests().map(({ labels: { route, method, code } }) => `${method} ${route} ${code}`);
    expect(counted).toContain("GET /hosts/{host}/metrics 200");
    expect(counted).toContain("GET /api/v1/hosts/{host} 200");
    expect(counted).toContain("GET other 404");
    expect(counted.every((line) => !line.includes("skx-1"))).toBe(true);
  });

  it("keeps an idle connection for more than 75 seconds", async () => {
    const { headers } = await server.ask("/-/healthy", { headers: { connection: "keep-alive" } });
    expect(Number(/timeout=(\d+)/.exec(String(headers["keep-alive"]))?.[1])).toBeGreaterThanOrEqual(75);
  });

  it("refuses headers that are too many bytes and survives what is no HTTP", async () => {
    expect((await server.ask("/-/healthy", { headers: { "x-long": "x".repeat(20_000) } })).status).toBe(431);
    await new Promise<void>((resolve) => {
      const socket = connect(server.port, "127.0.0.1", () => socket.end("\u0000\u0001 what?\r\n\r\n"));
      socket.on("data", () => undefined).on("close", () => resolve());
    });
    expect((await server.ask("/-/healthy")).text).toBe("fastpathd is Healthy.\n");
    expect((await server.ask("/-/ready")).text).toBe("fastpathd is Ready.\n");
  });
});
