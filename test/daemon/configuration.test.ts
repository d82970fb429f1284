import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pino } from "pino";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { loadConfig } from "../../src/config/load.ts";
import { Configuration } from "../../src/daemon/configuration.ts";
import { NotedTimes } from "../../src/daemon/host-times.ts";
import { RunningFleet } from "../../src/daemon/running-fleet.ts";
import { DaemonStats } from "../../src/metrics/daemon-stats.ts";

const FLEET = (icr: string, count = 2): string =>
  `seed: 1\ngroups:\n  - { name: skx, count: ${count}, cpus: 4, fastpath: { icr: ${icr} }, guests: { web: { vcpus: 2 } } }\n`;

let dir = "";
let lines: { level: string; msg: string }[] = [];
const write = (text: string) => writeFile(join(dir, "fleet.yaml"), text);

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "fastpathd-"));
  lines = [];
});
afterEach(() => rm(dir, { recursive: true }));

async function start(text = FLEET("auto")) {
  await write(text);
  const loaded = await loadConfig(dir);
  if (!loaded.ok) throw new Error("the fixture must load");
  const log = pino(
    { formatters: { level: (level) => ({ level }) } },
    { write: (line: string) => void lines.push(JSON.parse(line) as (typeof lines)[number]) },
  );
  const [fleet, times, stats] = [new RunningFleet(loaded.config.seed), new NotedTimes(1), new DaemonStats()];
  const configuration = new Configuration({ dir, stateDir: join(dir, "state"), fleet, times, stats, log }, loaded);
  return { configuration, fleet, stats };
}

describe("loading the configuration again", () => {
  it("changes what differs, and says what would be needed in reality", async () => {
    const { configuration, fleet, stats } = await start();
    fleet.advance(5e6);
    await write(FLEET("off"));
    const outcome = await configuration.reload();
    expect(outcome).toMatchObject({ ok: true, changed: [{ host: "skx-001", generation: 2, takes: "module_reload" }, { host: "skx-002" }] });
    expect(fleet.snapshot().hosts.get("skx-001")?.resolved.fastpath.icr.value).toBe(false);
    expect(configuration.changes).toHaveLength(2);
    expect(lines.map(({ msg }) => msg)).toEqual(['2 hosts: fastpath.icr "auto" → "off" (in reality: module_reload)']);
    expect(stats.reload).toMatchObject({ successful: true, succeeded: 1, failed: 0 });
    expect(stats.reload.changeTimestamp).toBeGreaterThan(1e9);
  });

  it("keeps the last good one when the file is bad, and says why once", async () => {
    const { configuration, fleet, stats } = await start();
    await write("groups: [\n");
    expect(await configuration.reload()).toMatchObject({ ok: false });
    await configuration.reload();
    expect(fleet.snapshot().hosts.size).toBe(2);
    expect(configuration.errors[0]?.file).toBe(join(dir, "fleet.yaml"));
    expect(stats.reload).toMatchObject({ successful: false, failed: 2 });
    expect(lines.filter(({ msg }) => msg.includes("the last good one runs on"))).toHaveLength(1);
    await write(FLEET("auto"));
    expect(await configuration.reload()).toMatchObject({ ok: true, changed: [] });
    expect([stats.reload.successful, configuration.errors]).toEqual([true, []]);
  });

  it("adds and removes hosts without a word to the others", async () => {
    const { configuration, fleet } = await start();
    fleet.advance(5e6);
    const before = fleet.snapshot().hosts.get("skx-001");
    await write(FLEET("auto", 3));
    await configuration.reload();
    expect([...fleet.snapshot().hosts.keys()]).toEqual(["skx-001", "skx-002", "skx-003"]);
    expect(fleet.snapshot().hosts.get("skx-001")).toEqual(before);
    await write(FLEET("auto", 1));
    await configuration.reload();
    expect([...fleet.snapshot().hosts.keys()]).toEqual(["skx-001"]);
  });

  it("never lets two loads overlap", async () => {
    const { configuration, fleet } = await start();
    await write(FLEET("off"));
    const outcomes = await Promise.all([configuration.reload(), configuration.reload(), configuration.reload()]);
    expect(outcomes.map((outcome) => (outcome.ok ? outcome.changed.length : -1))).toEqual([2, 0, 0]);
    expect(fleet.snapshot().hosts.get("skx-001")?.generation).toBe(2);
  });

  it("says that another seed waits for the next start", async () => {
    const { configuration } = await start();
    await write(FLEET("auto").replace("seed: 1", "seed: 2"));
    await configuration.reload();
    expect(lines.some(({ level, msg }) => level === "warn" && msg.includes("seed 2 takes effect at the next start"))).toBe(true);
  });

  it("has a hash that is equal exactly when the files are", async () => {
    const { configuration, stats } = await start();
    const first = stats.config.hash;
    await write(FLEET("off"));
    await configuration.reload();
    expect(stats.config.hash).not.toBe(first);
    await write(FLEET("auto"));
    await configuration.reload();
    expect(stats.config.hash).toBe(first);
  });
});

describe("the running fleet", () => {
  it("publishes each slice border once", async () => {
    const { fleet } = await start();
    const first = fleet.snapshot();
    expect(fleet.snapshot()).toBe(first);
    fleet.advance(1e6);
    expect(fleet.snapshot()).not.toBe(first);
    expect(fleet.snapshot().nowNs).toBe(1e6);
  });

  it("never takes back an exit, whatever becomes of the hosts", async () => {
    const { fleet, configuration } = await start();
    fleet.advance(50e6);
    const before = fleet.emulatedExits();
    expect(before).toBeGreaterThan(0);
    await write(FLEET("auto", 1));
    await configuration.reload();
    expect(fleet.emulatedExits()).toBe(before);
  });
});
