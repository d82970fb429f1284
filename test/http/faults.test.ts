/** Breaking hosts over HTTP, and what a scrape of a broken host gets; behind the server runs a real fleet. */
import { request } from "node:http";
import { setTimeout as pause } from "node:timers/promises";
import { pino } from "pino";
import { afterAll, beforeEach, describe, expect, it } from "vitest";
import { loadConfig } from "../../src/config/load.ts";
import { Configuration } from "../../src/daemon/configuration.ts";
import { Faults } from "../../src/daemon/faults.ts";
import { NotedTimes } from "../../src/daemon/host-times.ts";
import { RunningFleet } from "../../src/daemon/running-fleet.ts";
import { FAULT_KINDS } from "../../src/fleet/fault.ts";
import { daemonFamilies } from "../../src/metrics/daemon-families.ts";
import { DaemonStats } from "../../src/metrics/daemon-stats.ts";
import { tempDir } from "../config/temp-config.ts";
import { fakeBackend, startServer, TOKEN, type Answer, type Ask } from "../support/backend.ts";
import { parseExposition, samplesNamed, valueOf } from "../support/exposition.ts";
import { fakeFleet } from "../support/snapshot.ts";

const FLEET = "seed: 1\ngroups:\n  - { name: skx, count: 2, cpus: 4, kernel: linux-5.8, guests: { web: { vcpus: 2 } } }\n";

async function startDaemon() {
  const dir = tempDir({ "fleet.yaml": FLEET });
  const loaded = await loadConfig(dir);
  if (!loaded.ok) throw new Error("the fixture must load");
  const log = pino({ level: "silent" });
  const [fleet, times, stats] = [new RunningFleet(1), new NotedTimes(1), new DaemonStats()];
  const configuration = new Configuration({ dir, stateDir: `${dir}/state`, fleet, times, stats, log }, loaded);
  const faults = new Faults(configuration, Date.now, log);
  const backend = fakeBackend(fakeFleet([]), {
    stats,
    times,
    snapshot: () => fleet.snapshot(),
    families: () =>
      Promise.resolve(daemonFamilies({ version: "", stats, fleet: fleet.snapshot(), faults: faults.active, emulatedExits: 0 })),
    changes: () => configuration.changes,
    faults: () => faults.active,
    break: (body) => faults.answer(body),
    heal: (id) => faults.heal(id),
  });
  return { fleet, stats, server: await startServer(backend) };
}

const { fleet, stats, server } = await startDaemon();
afterAll(() => server.close());

const authorization = `Bearer ${TOKEN}`;
const post = (body: unknown, headers: Ask["headers"] = { authorization }): Promise<Answer> => {
  const text = JSON.stringify(body);
  return server.ask("/api/v1/faults", {
    method: "POST",
    headers: { "content-type": "application/json", "content-length": String(text.length), ...headers },
    body: text,
  });
};
const heal = (id: string, headers: Ask["headers"] = { authorization }): Promise<Answer> =>
  server.ask(`/api/v1/faults/${id}`, { method: "DELETE", headers });
const json = ({ text }: Answer): Record<string, unknown> => JSON.parse(text) as Record<string, unknown>;
const active = async (): Promise<{ id: string; kind: string }[]> =>
  json(await server.ask("/api/v1/faults"))["faults"] as { id: string; kind: string }[];
const scrape = (host: string): Promise<Answer> => server.ask(`/hosts/${host}/metrics`);

let now = 0;
const run = (ms: number): void => fleet.advance((now += ms * 1e6));
beforeEach(async () => {
  for (const { id } of await active()) await heal(id);
  run(20);
});

async function breakHost(kind: string, own: Readonly<Record<string, unknown>> = {}): Promise<string> {
  const answer = await post({ kind, match: { host: "skx-001" }, ...own });
  expect(answer.status).toBe(200);
  return String(json(answer)["id"]);
}

describe("the calls of faults", () => {
  it("make a fault, list it, and heal it", async () => {
    const made = await post({ kind: "slow_scrape", match: { host: "skx-*" }, for: "10m", delay: "5s" });
    const fault = json(made);
    expect([made.status, fault]).toMatchObject([
      200,
      { kind: "slow_scrape", delay_seconds: 5, hosts: ["skx-001", "skx-002"], schedule: null },
    ]);
    expect(Date.parse(String(fault["until"])) - Date.parse(String(fault["since"]))).toBe(600_000);
    expect(await active()).toEqual([fault]);
    const healed = await heal(String(fault["id"]));
    expect([healed.status, json(healed)]).toEqual([200, fault]);
    expect(await active()).toEqual([]);
    expect((await heal(String(fault["id"]))).status).toBe(404);
  });

  it("need the token, except to look", async () => {
    const id = await breakHost("down");
    expect((await post({ kind: "down", match: {} }, {})).status).toBe(401);
    expect((await heal(id, {})).status).toBe(401);
    expect((await heal(id, { authorization, origin: "http://elsewhere.example" })).status).toBe(403);
    expect(await active()).toHaveLength(1);
  });

  it("answer what is wrong as problem+json, with where, what was expected and what came", async () => {
    const answer = await post({ kind: "donw", match: { host: "skx-001" } });
    expect([answer.status, answer.headers["content-type"]]).toEqual([422, "application/problem+json"]);
    expect(json(answer)).toMatchObject({
      detail: expect.stringMatching(/^kind: expected down \| .*, came "donw"; did you mean "down"\?$/) as unknown,
    });
    expect((await post({ kind: "down", match: {}, note: "x".repeat(70_000) })).status).toBe(413);
    expect((await post({ kind: "down", match: {} }, { authorization, "content-type": "text/plain" })).status).toBe(415);
    expect(await active()).toEqual([]);
  });

  it("share their path with each other: a method that none of them has is refused with all that they have", async () => {
    const { status, headers } = await server.ask("/api/v1/faults", { method: "PUT", headers: { authorization } });
    expect([status, headers.allow]).toEqual([405, "GET, HEAD, POST"]);
    expect((await server.ask("/api/v1/faults/1")).headers.allow).toBe("DELETE");
  });

  it("are in the OpenAPI document, each with its own security and body", async () => {
    const paths = json(await server.ask("/api/v1/openapi.json"))["paths"] as Record<string, Record<string, unknown>>;
    const { get, post: makes } = paths["/api/v1/faults"]!;
    expect([get, makes]).toMatchObject([
      { responses: { 200: {} } },
      {
        security: [{ token: [] }],
        requestBody: { content: { "application/json": { schema: { properties: { kind: { enum: FAULT_KINDS } } } } } },
      },
    ]);
    expect(get).not.toHaveProperty("security");
    expect(paths["/api/v1/faults/{id}"]).toMatchObject({ parameters: [{ name: "id" }], delete: { security: [{ token: [] }] } });
  });

  it("are in the list of changes", async () => {
    await heal(await breakHost("down"));
    const { changes } = json(await server.ask("/api/v1/changes?host=skx-001")) as { changes: { kind: string; note: string }[] };
    expect(changes.slice(0, 2).map(({ kind, note }) => [kind, note.replace(/^fault \d+/, "")])).toEqual([
      ["heal", ": down is healed"],
      ["break", ": down, until it is healed"],
    ]);
  });
});

describe("fastpathd_faults_active", () => {
  const counts = async (): Promise<number[]> => {
    const samples = parseExposition((await server.ask("/metrics?collect[]=daemon")).text);
    return FAULT_KINDS.map((kind) => valueOf(samples, "fastpathd_faults_active", { kind }));
  };

  it("has every kind from the first scrape, and counts faults however many hosts they break", async () => {
    expect(await counts()).toEqual(FAULT_KINDS.map(() => 0));
    await post({ kind: "stuck_counter", match: {} });
    await breakHost("stuck_counter");
    expect(await counts()).toEqual(FAULT_KINDS.map((kind) => (kind === "stuck_counter" ? 2 : 0)));
  });
});

describe("a scrape of a host", () => {
  it("that is down is answered 503, and the whole fleet says kvm_host_up 0 of it and nothing else", async () => {
    await breakHost("down");
    const { status, text } = await scrape("skx-001");
    expect([status, JSON.parse(text)]).toMatchObject([503, { detail: "the host is down; /api/v1/faults says since when" }]);
    const all = parseExposition((await server.ask("/metrics?collect[]=fleet")).text).filter(({ labels }) => labels["host"] === "skx-001");
    expect(all.map(({ name, value }) => [name, value])).toEqual([["kvm_host_up", "0"]]);
    const daemon = parseExposition((await server.ask("/metrics?collect[]=daemon")).text);
    expect(["running", "down", "failed"].map((state) => valueOf(daemon, "fastpathd_hosts", { state }))).toEqual([1, 1, 0]);
  });

  it("that is slow comes late, and no other scrape does", async () => {
    await breakHost("slow_scrape", { delay: "1s" });
    const start = performance.now();
    const slow = scrape("skx-001").then(({ status }) => [status, performance.now() - start] as const);
    for (const path of ["/hosts/skx-002/metrics", "/metrics", "/-/healthy"]) expect((await server.ask(path)).status).toBe(200);
    expect(performance.now() - start).toBeLessThan(900);
    const [status, tookMs] = await slow;
    expect(status).toBe(200);
    expect(tookMs).toBeGreaterThan(990);
  });

  it("that is slow is counted 499 when the scraper gives up, and is not answered any more", async () => {
    await breakHost("slow_scrape", { delay: "50s" });
    const gone = request({ port: server.port, path: "/hosts/skx-001/metrics", agent: false });
    gone.on("error", () => undefined).end();
    await new Promise((resolve) => void gone.once("finish", resolve));
    await pause(200);
    gone.destroy();
    const given = () => stats.requests().filter(({ labels }) => labels.code === "499");
    await expect.poll(given, { timeout: 10_000 }).toMatchObject([{ labels: { route: "/hosts/{host}/metrics" }, count: 1 }]);
    expect(server.errors).toEqual([]);
  });

  it("with an error is answered 500, and the whole fleet is scraped without it", async () => {
    await breakHost("scrape_error");
    const { status, headers } = await scrape("skx-001");
    expect([status, headers["content-type"]]).toEqual([500, "application/problem+json"]);
    expect((await scrape("skx-002")).status).toBe(200);
    const up = samplesNamed(parseExposition((await server.ask("/metrics")).text), "kvm_host_up");
    expect(up.map(({ labels, value }) => [labels["host"], value])).toEqual([["skx-002", "1"]]);
    expect(server.errors).toEqual([]);
  });

  it("with half an answer ends before the length that it promised", async () => {
    const whole = (await scrape("skx-001")).body.length;
    await breakHost("scrape_error", { answer: "truncated" });
    const answer = await fetch(`http://127.0.0.1:${server.port}/hosts/skx-001/metrics`, { headers: { "accept-encoding": "identity" } });
    expect([answer.status, Number(answer.headers.get("content-length"))]).toEqual([200, whole]);
    await expect(answer.text()).rejects.toThrow();
    expect(server.errors).toEqual([]);
  });

  it("with stuck counters gets the same ones again in both scrapes, and all that happened once it is healed", async () => {
    const exits = async (path: string): Promise<number> =>
      samplesNamed(parseExposition((await server.ask(path)).text), "kvm_exits_total")
        .filter(({ labels }) => labels["host"] !== "skx-002")
        .reduce((sum, { value }) => sum + Number(value), 0);
    const paths = ["/hosts/skx-001/metrics", "/metrics?collect[]=fleet"];
    const id = await breakHost("stuck_counter");
    const before = await Promise.all(paths.map(exits));
    run(100);
    expect(await Promise.all(paths.map(exits))).toEqual(before);
    expect((json(await server.ask("/api/v1/hosts/skx-001"))["exits"] as number) > before[0]!).toBe(true);
    await heal(id);
    expect(await exits(paths[0]!)).toBeGreaterThan(before[0]! + 10);
  });

  it("with a wrong clock gets a boot time that is as wrong, and nothing else", async () => {
    const before = parseExposition((await scrape("skx-001")).text);
    const id = await breakHost("clock_jump", { jump: "-2h" });
    const during = parseExposition((await scrape("skx-001")).text);
    const boot = "kvm_host_boot_timestamp_seconds";
    expect(valueOf(during, boot) - valueOf(before, boot)).toBeCloseTo(-7200, 3);
    expect(during.filter(({ name }) => name !== boot)).toEqual(before.filter(({ name }) => name !== boot));
    await heal(id);
    expect(parseExposition((await scrape("skx-001")).text)).toEqual(before);
  });
});
