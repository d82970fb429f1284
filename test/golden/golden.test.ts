/**
 * Golden scenarios: one host each, what it exports after two emulated seconds, and a README that
 * says what to look at. A change of the model shows as a diff of metrics; `npm run golden` rewrites
 * them.
 */
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { parseHostSpecFile } from "../../src/config/host-file.ts";
import type { HostPlan } from "../../src/fleet/action.ts";
import { Fleet } from "../../src/fleet/fleet.ts";
import { renderHost } from "../../src/metrics/render.ts";

const FOLDER = import.meta.dirname;
const EMULATED_NS = 2e9;
const BOOT_SECONDS = 1_700_000_000;
const UPDATE = process.env["UPDATE_GOLDEN"] === "1";

const SCENARIOS = readdirSync(FOLDER, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => name)
  .toSorted();

/** What happens where a scenario has a second host. */
const MOVES = [
  { atNs: 0.4e9, guest: "web-1", from: "golden", to: "destination" },
  { atNs: 1.2e9, guest: "web-1@golden", from: "destination", to: "golden" },
];

async function planOf(scenario: string, file: string, name: string): Promise<HostPlan> {
  const spec = await parseHostSpecFile(join(FOLDER, scenario, file));
  if (!spec.ok) throw new Error(spec.errors.map(({ key, message }) => `${key}: ${message}`).join("\n"));
  return { name, group: "g", zone: "z", labels: {}, cohort: "none", spec: spec.value };
}

/** The expositions of the scenario's hosts, by the file that has them. */
async function metricsOf(scenario: string): Promise<ReadonlyMap<string, string>> {
  const fleet = new Fleet(1);
  // One name, so one random stream: scenarios that differ in one key can be compared event for event.
  fleet.apply([{ kind: "add", host: await planOf(scenario, "config.yaml", "golden") }]);
  const hosts = new Map([["metrics.txt", "golden"]]);
  if (existsSync(join(FOLDER, scenario, "destination.yaml"))) {
    hosts.set("destination.txt", "destination");
    fleet.apply([{ kind: "add", host: await planOf(scenario, "destination.yaml", "destination") }]);
    for (const { atNs, ...move } of MOVES) {
      fleet.advance(atNs);
      fleet.apply([{ kind: "migrate", ...move }]);
    }
  }
  fleet.advance(EMULATED_NS);
  const times = { bootSeconds: () => BOOT_SECONDS, lastChangeSeconds: () => 0 };
  return new Map(
    [...hosts].map(([file, name]) => {
      const host = fleet.publish().hosts.get(name)!;
      expect(host.failure).toBeNull();
      return [file, `${renderHost(host, times, "text")}\n`];
    }),
  );
}

/** Series by name and labels. */
const seriesOf = (text: string): Map<string, string> =>
  new Map(
    text
      .split("\n")
      .filter((line) => line !== "" && !line.startsWith("#"))
      .map((line) => [line.slice(0, line.lastIndexOf(" ")), line.slice(line.lastIndexOf(" ") + 1)]),
  );

/** "series: was → is", for every series that moved, came or went. */
function moved(was: string, is: string): string[] {
  const [before, after] = [seriesOf(was), seriesOf(is)];
  return [...new Set([...before.keys(), ...after.keys()])]
    .filter((series) => before.get(series) !== after.get(series))
    .map((series) => `${series}: ${before.get(series) ?? "absent"} → ${after.get(series) ?? "absent"}`);
}

describe("a golden scenario", () => {
  it.each(SCENARIOS)("exports what it did: %s", async (scenario) => {
    for (const [name, text] of await metricsOf(scenario)) {
      const file = join(FOLDER, scenario, name);
      if (UPDATE) writeFileSync(file, text);
      const golden = readFileSync(file, "utf8");
      expect(moved(golden, text)).toEqual([]);
      expect(text).toBe(golden);
    }
  });

  it.each(SCENARIOS)("says what a reviewer should look at: %s", (scenario) => {
    const readme = readFileSync(join(FOLDER, scenario, "README.md"), "utf8");
    expect(readme).toMatch(/^# .+\n/);
    expect(readme).toContain("Look at");
    const golden = readFileSync(join(FOLDER, scenario, "metrics.txt"), "utf8");
    const named = [...readme.matchAll(/`(kvm_\w+|node_\w+)(?:\{[^`]*\})?`/g)].map(([, name]) => name!);
    expect(named.filter((name) => !golden.includes(`\n${name}`))).toEqual([]);
    const others = [...readme.matchAll(/`((?:amd|dpdk|ipi|taa)-[a-z0-9-]+)`/g)].map(([, name]) => name!);
    expect(others.filter((name) => !existsSync(join(FOLDER, name)))).toEqual([]);
  });
});

describe("the golden scenarios show", () => {
  const golden = (scenario: string, file: string): Map<string, string> => seriesOf(readFileSync(join(FOLDER, scenario, file), "utf8"));
  const sum = (scenario: string, metric: string, labels = "", file = "metrics.txt"): number =>
    [...golden(scenario, file)]
      .filter(([series]) => series.startsWith(metric) && series.includes(labels))
      .reduce((total, [, value]) => total + Number(value), 0);
  const meanIcr = (scenario: string): number =>
    sum(scenario, "kvm_exit_cycles_sum", 'msr="icr"') / sum(scenario, "kvm_exit_cycles_count", 'msr="icr"');

  it("that writes of TSC_DEADLINE are two fifths of a cloud's exits and more", () => {
    const writes = sum("tsc-deadline-fastpath", "kvm_exits_total", 'msr="tsc_deadline"');
    expect(writes / sum("tsc-deadline-fastpath", "kvm_exits_total")).toBeGreaterThan(0.4);
  });

  it("that posted timers leave the writes that arm them, and no exit of an expiry or a HLT", () => {
    const exits = (reason: string): number => sum("exitless-timer", "kvm_exits_total", `reason="${reason}"`);
    expect([exits("PREEMPTION_TIMER"), exits("HLT"), exits("PAUSE_INSTRUCTION")]).toEqual([0, 0, 0]);
    expect(sum("exitless-timer", "kvm_timer_expirations_total", "posted")).toBeGreaterThan(1000);
    expect(sum("exitless-timer", "kvm_exits_total", 'msr="tsc_deadline"')).toBeGreaterThan(1000);
  });

  it("that vCPUs that share CPUs wait for each other, and no others do", () => {
    const steal = (scenario: string): number => sum(scenario, "kvm_vcpu_seconds_total", 'state="steal"');
    expect(steal("shared-cpus")).toBeGreaterThan(1);
    for (const scenario of SCENARIOS) if (scenario !== "shared-cpus") expect([scenario, steal(scenario)]).toEqual([scenario, 0]);
  });

  it("that a DPDK host without the fix has no timer fastpath, and flushes the L1D more often", () => {
    expect(sum("dpdk-regression", "kvm_fastpath_hits_total", "deadline")).toBe(0);
    expect(sum("dpdk-fixed", "kvm_fastpath_hits_total", "deadline")).toBeGreaterThan(1000);
    const flushes = (scenario: string): number => sum(scenario, "kvm_stat_total", '"l1d_flush"');
    expect(flushes("dpdk-regression")).toBeGreaterThan(flushes("dpdk-fixed"));
  });

  it("that a guest has the fastpaths of the host where it is, and that nobody counts its downtime", () => {
    const there = (metric: string, labels = ""): number => sum("migration", metric, labels, "destination.txt");
    expect(sum("migration", "kvm_migrations_total", 'fast_to_slow",result="completed')).toBe(1);
    expect(there("kvm_migrations_total", 'slow_to_fast",result="completed')).toBe(1);
    expect([there("kvm_fastpath_hits_total"), there("kvm_fastpath_misses_total") > 100]).toEqual([0, true]);
    expect(sum("migration", "kvm_fastpath_hits_total", "deadline")).toBeGreaterThan(100);
    const downtimes = sum("migration", "kvm_migration_downtime_seconds_sum") + there("kvm_migration_downtime_seconds_sum");
    const seconds = sum("migration", "kvm_vcpu_seconds_total") + there("kvm_vcpu_seconds_total");
    // Each vCPU counts until it has stopped; one that sleeps in C6 needs a moment for that.
    expect(seconds - (8 - 2 * downtimes)).toBeGreaterThanOrEqual(0);
    expect(seconds - (8 - 2 * downtimes)).toBeLessThan(4 * 0.0002);
  });

  it("that rcuwait makes IPIs cheaper", () => {
    expect(meanIcr("ipi-rcuwait")).toBeLessThan(meanIcr("ipi-swait"));
    expect(sum("ipi-rcuwait", "kvm_guest_work_cycles_total")).toBeGreaterThan(sum("ipi-swait", "kvm_guest_work_cycles_total"));
  });

  it("that AVIC takes the ends of interrupts and most IPIs from an AMD host's exits, and that neither has a preemption timer", () => {
    const exits = (scenario: string, labels: string): number => sum(scenario, "kvm_exits_total", labels);
    for (const scenario of ["amd-without-avic", "amd-x2avic"]) {
      expect(sum(scenario, "kvm_timer_expirations_total", "preemption_timer")).toBe(0);
      expect(sum(scenario, "kvm_timer_expirations_total", "hrtimer")).toBeGreaterThan(100);
    }
    expect(exits("amd-without-avic", 'msr="eoi"')).toBeGreaterThan(1000);
    expect(exits("amd-x2avic", 'msr="eoi"') + exits("amd-x2avic", 'msr="icr"') + exits("amd-x2avic", '"vintr"')).toBe(0);
    expect(exits("amd-x2avic", "avic_incomplete_ipi")).toBeLessThan(exits("amd-without-avic", 'msr="icr"'));
    expect([exits("amd-without-avic", 'msr="tsc_deadline",path="fastpath"'), exits("amd-x2avic", 'msr="tsc_deadline",path="kernel"')]).toEqual([0, 0]);
    expect(sum("amd-x2avic", "kvm_guest_work_cycles_total", "hackbench")).toBeGreaterThan(sum("amd-without-avic", "kvm_guest_work_cycles_total", "hackbench"));
  });

  it("that a VERW is paid at each entry, whether it clears or not", () => {
    const each = (scenario: string): number =>
      sum(scenario, "kvm_exit_cycles_by_component_total", '"verw"') / sum(scenario, "kvm_exits_total");
    expect(each("taa-without-microcode")).toBeGreaterThan(0);
    expect(each("taa-mitigated")).toBeGreaterThan(10 * each("taa-without-microcode"));
  });
});
