/**
 * Emulates a fleet in this process and keeps what a scrape every 15 seconds would have got, with the time
 * of the emulation as the time of the wall. Configuration, fleet and metrics are the daemon's own; of
 * the clock only Date is another one.
 */
import { appendFileSync, mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pino } from "pino";
import { vi } from "vitest";
import { loadConfig } from "../../../src/config/load.ts";
import { Configuration } from "../../../src/daemon/configuration.ts";
import { NotedTimes } from "../../../src/daemon/host-times.ts";
import { RunningFleet } from "../../../src/daemon/running-fleet.ts";
import type { FleetSnapshot } from "../../../src/fleet/snapshot.ts";
import { daemonFamilies } from "../../../src/metrics/daemon-families.ts";
import { DaemonStats } from "../../../src/metrics/daemon-stats.ts";
import { labelPairs } from "../../../src/metrics/format.ts";
import { hostFamilies } from "../../../src/metrics/host-metrics.ts";
import type { Family, Labels } from "../../../src/metrics/metric.ts";
import { collectProcessMetrics } from "../../../src/metrics/prom-client.ts";
import { CHANGES, FLEET, LENGTH, MOVES, STEP } from "./fleet.ts";

/** Labels that a scrape adds: as with the jobs of the stack. */
const HOST_JOB: Labels = { job: "kvm" };
const DAEMON_JOB: Labels = { job: "fastpathd", instance: "fastpathd:9464" };

export interface History {
  /** Unix seconds of the first sample. */
  readonly start: number;
  /** Samples of all series with their times, in OpenMetrics. */
  readonly file: string;
  /** The fleet at each sample, by emulated seconds. */
  readonly fleet: ReadonlyMap<number, FleetSnapshot>;
}

/** Emulates the whole history, whose last sample lies at Unix time `end`. */
export async function emulateHistory(end: number): Promise<History> {
  const start = end - LENGTH;
  const dir = mkdtempSync(join(tmpdir(), "history-"));
  const file = join(dir, "samples.txt");
  vi.useFakeTimers({ toFake: ["Date"], now: start * 1000 });
  try {
    const daemon = await startDaemon(join(dir, "config"));
    const fleet = new Map<number, FleetSnapshot>();
    for (let at = 0; at <= LENGTH; at += STEP) {
      vi.setSystemTime((start + at) * 1000);
      await daemon.reach(at);
      fleet.set(at, daemon.fleet.snapshot());
      appendFileSync(file, await daemon.scrape(start + at));
    }
    appendFileSync(file, "# EOF\n");
    return { start, file, fleet };
  } finally {
    vi.useRealTimers();
  }
}

async function startDaemon(dir: string) {
  mkdirSync(dir);
  writeFileSync(join(dir, "fleet.yaml"), FLEET);
  const stateDir = join(dir, "..", "state");
  const loaded = await loadConfig(dir, stateDir);
  if (!loaded.ok) throw new Error(loaded.errors.map(({ key, message }) => `${key}: ${message}`).join("\n"));
  const [fleet, times, stats] = [new RunningFleet(loaded.config.seed), new NotedTimes(1), new DaemonStats()];
  const configuration = new Configuration({ dir, stateDir, fleet, times, stats, log: pino({ level: "silent" }) }, loaded);
  const processFamilies = collectProcessMetrics();
  /** Emulates up to an instant and makes the changes that are due at it. */
  const reach = async (at: number): Promise<void> => {
    const began = performance.now();
    fleet.advance(at * 1e9);
    stats.pace.emulatedSeconds = at;
    stats.sliceSeconds.observe((performance.now() - began) / 1000);
    const due = CHANGES.filter((change) => change.at === at);
    for (const { file, text } of due) writeFileSync(join(dir, file), text);
    if (due.length > 0) await configuration.reload();
    fleet.apply(MOVES.filter((move) => move.at === at));
  };
  const scrape = async (unixSeconds: number): Promise<string> => {
    stats.countRequest({ route: "/hosts/{host}/metrics", method: "GET", code: "200" });
    stats.scrapeSeconds["/hosts/{host}/metrics"].observe(0.004);
    stats.scrapeSeconds["/metrics"].observe(0.002);
    const snapshot = fleet.snapshot();
    const hosts = hostFamilies([...snapshot.hosts.values()], times, true);
    const own = daemonFamilies({ version: "0.0.0-test", stats, fleet: snapshot, faults: [], emulatedExits: fleet.emulatedExits() });
    const ups = hosts.find(({ name }) => name === "kvm_host_up")!;
    const daemon = [...own, ...(await processFamilies())];
    return (
      linesOf(hosts, HOST_JOB, unixSeconds) +
      linesOf([{ ...ups, name: "up" }], HOST_JOB, unixSeconds) +
      linesOf(daemon, DAEMON_JOB, unixSeconds)
    );
  };
  return { fleet, reach, scrape };
}

/** Samples without help and type: a backfill reads neither. */
const linesOf = (families: readonly Family[], scraped: Labels, unixSeconds: number): string =>
  families
    .flatMap(({ name, samples }) =>
      samples.map(({ suffix, labels, value }) => `${name}${suffix}{${labelPairs({ ...labels, ...scraped })}} ${value} ${unixSeconds}\n`),
    )
    .join("");
