import { mkdirSync, renameSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { DaemonProcess, SMALL_FLEET } from "../support/daemon-process.ts";
import { parseExposition, valueOf } from "../support/exposition.ts";

const withIcr = (icr: string): string => `${SMALL_FLEET}overrides:\n  - { match: { group: skx }, set: { fastpath: { icr: ${icr} } } }\n`;

let daemon: DaemonProcess;
beforeAll(async () => {
  daemon = new DaemonProcess();
  await daemon.url();
});
afterAll(() => daemon.remove());

const icr = async (host = "skx-001") =>
  valueOf(parseExposition(await daemon.text(`/hosts/${host}/metrics`)), "kvm_fastpath_enabled", { fastpath: "icr" });
const own = async (name: string, labels = {}) => valueOf(parseExposition(await daemon.text("/metrics?collect[]=daemon")), name, labels);

describe("a configuration file that was closed", () => {
  it("shows in a scrape one second later, counters and guests going on", async () => {
    await pause(500);
    const before = parseExposition(await daemon.text("/hosts/skx-001/metrics"));
    daemon.configure(withIcr("off"));
    await pause(1000);
    const after = parseExposition(await daemon.text("/hosts/skx-001/metrics"));
    expect(valueOf(before, "kvm_fastpath_enabled", { fastpath: "icr" })).toBe(1);
    expect(valueOf(after, "kvm_fastpath_enabled", { fastpath: "icr" })).toBe(0);
    const write = { msr: "tsc_deadline", path: "fastpath" };
    expect(valueOf(after, "kvm_exits_total", write)).toBeGreaterThan(valueOf(before, "kvm_exits_total", write));
    expect(valueOf(after, "kvm_host_boot_timestamp_seconds")).toBe(valueOf(before, "kvm_host_boot_timestamp_seconds"));
    expect(valueOf(after, "kvm_config_generation")).toBe(2);
    expect(Date.now() / 1000 - valueOf(after, "kvm_config_last_change_timestamp_seconds")).toBeLessThan(2);
    expect(await icr("icx-001")).toBe(1);
  });

  it("is logged once and listed as a change of each host", async () => {
    const lines = daemon.log.filter(({ msg }) => msg.includes("fastpath.icr"));
    expect(lines.map(({ msg }) => msg)).toEqual(['2 hosts: fastpath.icr "auto" → "off" (in reality: module_reload)']);
    const { changes } = JSON.parse(await daemon.text("/api/v1/changes")) as { changes: unknown[] };
    expect(changes).toMatchObject([
      { host: "skx-002", generation: 2, kind: "change", keys: [{ key: "fastpath.icr", before: "auto", after: "off" }] },
      { host: "skx-001" },
    ]);
  });

  it("changes nothing when it is bad: the error has file, line and key, and is logged once", async () => {
    const hash = await own("fastpathd_config_hash");
    daemon.configure(`${withIcr("on")}sead: 2\n`);
    const line = await daemon.logged(/fleet\.yaml:\d+:\d+: sead: .*did you mean "seed"/);
    expect(line).toMatchObject({ level: "error", key: "sead" });
    await pause(700);
    expect(await icr()).toBe(0);
    expect(await own("fastpathd_config_last_reload_successful")).toBe(0);
    // The watcher may report one write twice when it looks in the middle of it.
    expect(await own("fastpathd_config_reloads_total", { result: "failure" })).toBeGreaterThan(0);
    expect(await own("fastpathd_config_hash")).toBe(hash);
    expect(daemon.log.filter(({ msg }) => msg.includes("sead"))).toHaveLength(1);
  });

  it("is taken again once it is good", async () => {
    daemon.configure(withIcr("auto"));
    await pause(1000);
    expect(await icr()).toBe(1);
    expect(await own("fastpathd_config_last_reload_successful")).toBe(1);
  });
});

describe("asking for a reload", () => {
  it("by SIGHUP or POST loads an unchanged configuration and changes nothing", async () => {
    const generation = async () => valueOf(parseExposition(await daemon.text("/hosts/skx-001/metrics")), "kvm_config_generation");
    const [before, reloads] = [await generation(), await own("fastpathd_config_reloads_total", { result: "success" })];
    daemon.process.kill("SIGHUP");
    const answer = await fetch(`${await daemon.url()}/-/reload`, {
      method: "POST",
      headers: { authorization: `Bearer ${await daemon.token()}` },
    });
    expect(await answer.json()).toEqual({ changed: [] });
    await pause(300);
    expect(await own("fastpathd_config_reloads_total", { result: "success" })).toBe(reloads + 2);
    expect(await generation()).toBe(before);
  });
});

describe("a ConfigMap", () => {
  it("that swaps its symbolic link is noticed", async () => {
    const version = (name: string, text: string): void => {
      mkdirSync(join(daemon.configDir, name));
      writeFileSync(join(daemon.configDir, name, "fleet.yaml"), text);
      symlinkSync(name, join(daemon.configDir, "..data.new"));
      renameSync(join(daemon.configDir, "..data.new"), join(daemon.configDir, "..data"));
    };
    version("..v1", withIcr("auto"));
    symlinkSync("..data/fleet.yaml", join(daemon.configDir, "fleet.link"));
    renameSync(join(daemon.configDir, "fleet.link"), join(daemon.configDir, "fleet.yaml"));
    await pause(1000);
    version("..v2", withIcr("off"));
    await pause(1000);
    expect(await icr()).toBe(0);
  });
});
