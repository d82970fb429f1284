/**
 * The daemon: loads the configuration, starts the fleet, serves it, and follows changes until
 * it is asked to stop.
 */
import type { Server } from "node:http";
import type { Logger } from "pino";
import { formatConfigErrors } from "../config/format.ts";
import { loadConfig } from "../config/load.ts";
import { watchConfig } from "../config/watch.ts";
import type { Backend } from "../http/backend.ts";
import type { Address } from "../http/listen-address.ts";
import { buildServer } from "../http/server.ts";
import { daemonFamilies, fleetSeries } from "../metrics/daemon-families.ts";
import { DaemonStats } from "../metrics/daemon-stats.ts";
import { collectProcessMetrics } from "../metrics/prom-client.ts";
import { Comparisons } from "./comparisons.ts";
import { Configuration } from "./configuration.ts";
import { Faults } from "./faults.ts";
import { NotedTimes } from "./host-times.ts";
import { addressToOpen, listen } from "./listen.ts";
import { RunningFleet } from "./running-fleet.ts";
import { Schedules, WALL_CLOCK } from "./schedules.ts";
import { Slices } from "./slices.ts";
import { StartError } from "./start-error.ts";
import type { Token } from "./token.ts";

export interface ServeOptions {
  readonly version: string;
  readonly configDir: string;
  readonly stateDir: string;
  readonly listen: Address;
  readonly advertise: Address | null;
  readonly token: Token;
  /** Emulated seconds in one second. */
  readonly speed: number;
  readonly fleetSeriesLimit: number;
  readonly log: Logger;
  /** Resolves when the daemon shall stop, with the reason. */
  readonly stop: Promise<string>;
}

/** Open scrapes may end in this time, then their connections are cut. */
const STOP_MS = 1000;
/** How often the log looks for hosts that stopped. */
const LOOK_MS = 5000;
/** How soon a changed schedule is followed, a fault is over, and a migration that ended is in the list of changes. */
const FOLLOW_MS = 1000;

/** Runs until it is stopped. Throws a StartError when it cannot start. */
export async function serve(options: ServeOptions): Promise<void> {
  const { log, speed, stop } = options;
  // Without a handler the signal would end a daemon that is still starting.
  let reload = (): void => undefined;
  const hangUp = (): void => reload();
  process.on("SIGHUP", hangUp);
  const daemon = await prepare(options);
  const server = buildServer({
    ...options,
    ...daemon,
    token: options.token.value,
    onError: (error) => log.error({ err: error }, "a request failed"),
  });
  const address = await listen(server, options.listen);
  announce(options, address, daemon.backend);
  const onPace = (isBehind: boolean) => logPace(log, isBehind, daemon.stats);
  const slices = new Slices({ emulation: daemon.fleet, speed, stats: daemon.stats, onPace });
  reload = () =>
    void daemon.configuration.reload().catch((error: unknown) => log.error({ err: error }, "loading the configuration failed"));
  const unwatch = watchConfig([options.configDir, options.stateDir], hangUp);
  const look = setInterval(failureWatch(log, daemon.fleet), LOOK_MS);
  const schedules = new Schedules(daemon.configuration, daemon.faults, WALL_CLOCK, log);
  const follow = (): void => {
    schedules.follow(daemon.configuration.config.schedules);
    daemon.faults.healDue();
    daemon.configuration.noteMigrations();
  };
  follow();
  const followed = setInterval(follow, FOLLOW_MS);
  log.info(`${await stop}: stopping`);
  process.off("SIGHUP", hangUp);
  clearInterval(look);
  clearInterval(followed);
  schedules.stop();
  unwatch();
  slices.stop();
  await close(server);
  log.info("stopped");
}

async function prepare(options: ServeOptions) {
  const { configDir, stateDir, version, speed, log } = options;
  const loaded = await loadConfig(configDir, stateDir);
  if (!loaded.ok) throw new StartError(formatConfigErrors(loaded.errors));
  const fleet = new RunningFleet(loaded.config.seed);
  const times = new NotedTimes(speed);
  const stats = new DaemonStats();
  const configuration = new Configuration({ dir: configDir, stateDir, fleet, times, stats, log }, loaded);
  const faults = new Faults(configuration, Date.now, log);
  const comparisons = new Comparisons(() => configuration.config, loaded.config.seed, log);
  const processFamilies = collectProcessMetrics();
  const backend: Backend = {
    version,
    speed,
    stats,
    times,
    snapshot: () => fleet.snapshot(),
    families: async () => {
      const own = daemonFamilies({ version, stats, fleet: fleet.snapshot(), faults: faults.active, emulatedExits: fleet.emulatedExits() });
      return [...own, ...(await processFamilies())];
    },
    changes: () => configuration.changes,
    configErrors: () => configuration.errors,
    reload: () => configuration.reload(),
    compare: (body, signal) => comparisons.answer(body, signal),
    faults: () => faults.active,
    break: (body) => faults.answer(body),
    heal: (id) => faults.heal(id),
  };
  return { fleet, stats, configuration, faults, backend };
}

/** The first lines of the log: what runs, and where to look at it. */
function announce({ log, token, configDir }: ServeOptions, address: Address, backend: Backend): void {
  const fleet = backend.snapshot();
  const hosts = [...fleet.hosts.values()];
  const vcpus = hosts.reduce((sum, host) => sum + host.vcpus, 0);
  const series = fleetSeries(fleet);
  log.info({ vcpus, series, config: configDir }, `emulating ${hosts.length} hosts with ${vcpus} vCPUs, ${series} series`);
  const fragment = token.isGenerated ? `#token=${token.value}` : "";
  log.info(`open ${addressToOpen(address)}${fragment}`);
}

function logPace(log: Logger, isBehind: boolean, { pace }: DaemonStats): void {
  const figures = { lag_seconds: Number(pace.lagSeconds.toFixed(3)), speed_ratio: Number(pace.speedRatio.toFixed(3)) };
  if (isBehind) log.warn(figures, "the emulation is behind its pace: fewer hosts, less load or a lower --speed would help");
  else log.info(figures, "the emulation is on time again");
}

/** Reports each host that stopped, once. */
function failureWatch(log: Logger, fleet: RunningFleet): () => void {
  const reported = new Set<string>();
  return () => {
    for (const [name, { failure, bootNs }] of fleet.snapshot().hosts) {
      const key = `${name} ${bootNs}`;
      if (failure === null || reported.has(key)) continue;
      reported.add(key);
      log.error({ host: name }, `a host stopped: ${failure}`);
    }
  };
}

async function close(server: Server): Promise<void> {
  const closed = new Promise<void>((resolve) => void server.close(() => resolve()));
  server.closeIdleConnections();
  const cut = setTimeout(() => server.closeAllConnections(), STOP_MS);
  await closed;
  clearTimeout(cut);
}
