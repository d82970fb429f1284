/** A configuration on a fleet that runs, with faults by a wall clock that the test turns; nothing listens. */
import { pino } from "pino";
import { loadConfig } from "../../src/config/load.ts";
import { Configuration } from "../../src/daemon/configuration.ts";
import { Faults } from "../../src/daemon/faults.ts";
import { NotedTimes } from "../../src/daemon/host-times.ts";
import { RunningFleet } from "../../src/daemon/running-fleet.ts";
import { DaemonStats } from "../../src/metrics/daemon-stats.ts";
import { tempDir } from "../config/temp-config.ts";

export async function turnedDaemon(fleetYaml: string) {
  const dir = tempDir({ "fleet.yaml": fleetYaml });
  const loaded = await loadConfig(dir);
  if (!loaded.ok) throw new Error(loaded.errors.map(({ message }) => message).join("\n"));
  const messages: string[] = [];
  const log = pino({}, { write: (line: string) => void messages.push((JSON.parse(line) as { msg: string }).msg) });
  const [fleet, times, stats] = [new RunningFleet(1), new NotedTimes(1), new DaemonStats()];
  const configuration = new Configuration({ dir, stateDir: `${dir}/state`, fleet, times, stats, log }, loaded);
  const wall = { ms: 1_800_000_000_000 };
  const faults = new Faults(configuration, () => wall.ms, log);
  return { dir, loaded: loaded.config, configuration, fleet, wall, faults, messages, log };
}
