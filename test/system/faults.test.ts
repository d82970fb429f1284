/** Hosts of the running daemon that break: by calls, and by a schedule. */
import { setTimeout as pause } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { DaemonProcess, SMALL_FLEET } from "../support/daemon-process.ts";
import { parseExposition, samplesNamed, valueOf, type ParsedSample } from "../support/exposition.ts";

const DRILL = `schedules:\n  - { name: drill, cron: "* * * * * *", fault: { kind: scrape_error, match: { group: icx }, for: 2s } }\n`;

let daemon: DaemonProcess;
beforeAll(async () => {
  daemon = new DaemonProcess(SMALL_FLEET);
  await daemon.url();
  await pause(500);
});
afterAll(() => daemon.remove());

async function call(method: "POST" | "DELETE", path: string, body?: unknown): Promise<{ id: string }> {
  const headers = { authorization: `Bearer ${await daemon.token()}`, "content-type": "application/json" };
  const sent = body === undefined ? {} : { body: JSON.stringify(body) };
  const answer = await fetch((await daemon.url()) + path, { method, headers, ...sent });
  expect(answer.status, await answer.clone().text()).toBe(200);
  return (await answer.json()) as { id: string };
}

const breakHost = async (kind: string, host: string, own = {}): Promise<string> =>
  (await call("POST", "/api/v1/faults", { kind, match: { host }, ...own })).id;
const heal = (id: string): Promise<unknown> => call("DELETE", `/api/v1/faults/${id}`);
const status = async (host: string): Promise<number> => (await fetch(`${await daemon.url()}/hosts/${host}/metrics`)).status;
const scrape = async (host: string): Promise<ParsedSample[]> => parseExposition(await daemon.text(`/hosts/${host}/metrics`));
const active = async (kind: string): Promise<number> =>
  valueOf(parseExposition(await daemon.text("/metrics?collect[]=daemon")), "fastpathd_faults_active", { kind });
const exits = (samples: readonly ParsedSample[]): number =>
  samplesNamed(samples, "kvm_exits_total").reduce((sum, { value }) => sum + Number(value), 0);

describe("a host that is down", () => {
  it("fails its scrape while the others go on, and comes back booted", async () => {
    const before = await scrape("skx-001");
    const id = await breakHost("down", "skx-001");
    expect([await status("skx-001"), await status("skx-002"), await active("down")]).toEqual([503, 200, 1]);
    await pause(1200);
    await heal(id);
    const after = await scrape("skx-001");
    const boot = "kvm_host_boot_timestamp_seconds";
    expect(valueOf(after, boot) - valueOf(before, boot)).toBeGreaterThan(1);
    const uptime = "kvm_host_emulated_seconds_total";
    expect(valueOf(after, uptime)).toBeLessThan(valueOf(before, uptime));
    await pause(500);
    expect(exits(await scrape("skx-001"))).toBeGreaterThan(exits(after));
    expect([await status("skx-001"), await active("down")]).toEqual([200, 0]);
  });

  it("is back by itself when its time is over", async () => {
    await breakHost("down", "skx-002", { for: "1s" });
    expect(await status("skx-002")).toBe(503);
    await expect.poll(() => status("skx-002"), { timeout: 10_000 }).toBe(200);
    expect((await daemon.logged(/^skx-002: fault \d+: down is healed$/)).level).toBe("info");
  });
});

describe("counters that are stuck", () => {
  it("stand still although the scrape succeeds, and then show all that happened", async () => {
    const id = await breakHost("stuck_counter", "skx-001");
    const [first, other] = [exits(await scrape("skx-001")), exits(await scrape("skx-002"))];
    await pause(1000);
    expect([exits(await scrape("skx-001")), await active("stuck_counter")]).toEqual([first, 1]);
    expect(exits(await scrape("skx-002"))).toBeGreaterThan(other);
    await heal(id);
    expect(exits(await scrape("skx-001"))).toBeGreaterThan(first);
  });
});

describe("microcode that is lost", () => {
  it("makes the host vulnerable, keeps its counters, and is back when it is healed, over a reload", async () => {
    const microcode = (samples: readonly ParsedSample[]): string | undefined =>
      samplesNamed(samples, "kvm_host_info")[0]?.labels["microcode"];
    const mds = (samples: readonly ParsedSample[]): number => valueOf(samples, "kvm_mitigation_state", { vulnerability: "mds" });
    const before = await scrape("skx-001");
    expect([microcode(before), mds(before)]).toEqual(["current", 2]);
    const id = await breakHost("microcode_loss", "skx-001");
    await call("POST", "/-/reload");
    const during = await scrape("skx-001");
    expect([microcode(during), mds(during), await active("microcode_loss")]).toEqual(["old", 1, 1]);
    expect(exits(during)).toBeGreaterThanOrEqual(exits(before));
    await heal(id);
    const after = await scrape("skx-001");
    expect([microcode(after), mds(after)]).toEqual(["current", 2]);
    expect(exits(after)).toBeGreaterThanOrEqual(exits(during));
    expect(valueOf(after, "kvm_config_generation") - valueOf(before, "kvm_config_generation")).toBe(2);
  });
});

describe("a schedule with a fault", () => {
  it("breaks its hosts when its time comes, over and over", async () => {
    daemon.configure(SMALL_FLEET + DRILL);
    await expect.poll(() => status("icx-001"), { timeout: 15_000, interval: 50 }).toBe(500);
    await daemon.logged(/^icx-001: fault \d+: scrape_error, error, for 2 s \(schedule drill\)$/);
    await expect.poll(() => status("icx-001"), { timeout: 10_000, interval: 50 }).toBe(200);
    await expect.poll(() => status("icx-001"), { timeout: 10_000, interval: 50 }).toBe(500);
    daemon.configure(SMALL_FLEET);
    await expect.poll(() => active("scrape_error"), { timeout: 10_000 }).toBe(0);
  });
});
