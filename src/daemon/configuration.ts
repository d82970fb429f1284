/**
 * The configuration of a running daemon: loaded as a whole, applied as a whole, and kept as it
 * was when what came is wrong. Loads never overlap.
 */
import type { Logger } from "pino";
import type { LoadedConfig } from "../config/assemble.ts";
import type { ConfigError } from "../config/error.ts";
import { formatConfigError, formatConfigErrors } from "../config/format.ts";
import { loadConfig, type LoadResult } from "../config/load.ts";
import { type PlannedOverride, planHosts } from "../config/plan.ts";
import { reconcile } from "../config/reconcile.ts";
import type { MigrateAction } from "../fleet/action.ts";
import { SpecError } from "../kvm/resolved.ts";
import type { ChangeRecord, ReloadOutcome } from "../http/backend.ts";
import type { DaemonStats } from "../metrics/daemon-stats.ts";
import { ChangeLog, wordChanges, wordMigration } from "./change-log.ts";
import type { NotedTimes } from "./host-times.ts";
import type { RunningFleet } from "./running-fleet.ts";

export interface ConfigurationOptions {
  readonly dir: string;
  readonly stateDir: string;
  readonly fleet: RunningFleet;
  readonly times: NotedTimes;
  readonly stats: DaemonStats;
  readonly log: Logger;
}

/** A log line names so many hosts of those that changed alike. */
const NAMES_MAX = 20;

type Loaded = Extract<LoadResult, { ok: true }>;

export class Configuration {
  readonly #options: ConfigurationOptions;
  readonly #changes = new ChangeLog();
  readonly #seed: number;
  #config: LoadedConfig;
  #errors: readonly ConfigError[] = [];
  #warnings: readonly string[] = [];
  #last: Promise<unknown> = Promise.resolve();
  /** Overrides of schedules that are in force, over all others. */
  #timed: readonly PlannedOverride[] = [];
  /** Migrations up to this number are in the list of changes. */
  #noted = 0;

  /** Starts the fleet with a configuration that was loaded. */
  constructor(options: ConfigurationOptions, loaded: Loaded) {
    this.#options = options;
    this.#seed = loaded.config.seed;
    this.#config = loaded.config;
    options.fleet.apply(loaded.config.hosts.map((host) => ({ kind: "add", host })));
    options.times.note(options.fleet.snapshot(), Date.now() / 1000);
    this.#accept(loaded);
    this.#warn(loaded.warnings);
  }

  get changes(): readonly ChangeRecord[] {
    return this.#changes.changes;
  }

  /** The last good configuration: the one that runs. */
  get config(): LoadedConfig {
    return this.#config;
  }

  /** Why the last load failed; empty when it succeeded. */
  get errors(): readonly ConfigError[] {
    return this.#errors;
  }

  /** Loads again, after a load that is under way. */
  reload(): Promise<ReloadOutcome> {
    const next = this.#last.then(() => this.#load());
    this.#last = next.catch(() => undefined);
    return next;
  }

  /** Lays an override over the configuration, for a time; returns what takes it back. */
  async lay(override: PlannedOverride): Promise<() => Promise<void>> {
    await this.#change([...this.#timed, override]);
    return () => this.#change(this.#timed.filter((other) => other !== override));
  }

  /** Sends a VM to another host. */
  migrate(action: MigrateAction): void {
    this.#options.fleet.apply([action]);
    this.noteMigrations();
  }

  /** Puts migrations that ended since the last time into the list of changes, and logs them. */
  noteMigrations(): void {
    const { hosts, migrations } = this.#options.fleet.snapshot();
    const ended = migrations.filter(({ id, endedNs }) => id > this.#noted && endedNs !== null);
    for (const migration of ended.toSorted((a, b) => a.id - b.id)) {
      const note = wordMigration(migration);
      const generation = hosts.get(migration.from)?.generation ?? null;
      const time = new Date().toISOString();
      this.#changes.note({ time, host: migration.from, kind: "migrate", generation, keys: [], takes: "live", note });
      this.#options.log.info({ hosts: [migration.from, migration.to] }, note);
    }
    const running = migrations.filter(({ endedNs }) => endedNs === null).map(({ id }) => id);
    this.#noted = Math.min(Math.max(this.#noted, ...ended.map(({ id }) => id)), ...running.map((id) => id - 1));
  }

  #change(timed: readonly PlannedOverride[]): Promise<void> {
    const next = this.#last.then(() => this.#force(timed));
    this.#last = next.catch(() => undefined);
    return next;
  }

  /** Puts overrides of schedules into force, or leaves it when they cannot be. */
  #force(timed: readonly PlannedOverride[]): void {
    const before = this.#timed;
    this.#timed = timed;
    const changed = this.#reconcile(this.#config);
    if (changed instanceof SpecError) {
      this.#timed = before;
      throw changed;
    }
    if (changed.length > 0) this.#report(this.#config, changed);
  }

  async #load(): Promise<ReloadOutcome> {
    const { dir, stateDir, stats } = this.#options;
    const loaded = await loadConfig(dir, stateDir);
    const outcome = loaded.ok ? this.#apply(loaded) : this.#refuse(loaded.errors);
    if (outcome.ok) stats.reload.succeeded++;
    else stats.reload.failed++;
    return outcome;
  }

  #apply(loaded: Loaded): ReloadOutcome {
    const changed = this.#reconcile(loaded.config);
    if (changed instanceof SpecError) {
      return this.#refuse([{ file: this.#options.dir, line: 0, column: 0, key: changed.path.join("."), message: changed.message }]);
    }
    this.#accept(loaded);
    this.#warn(loaded.warnings);
    this.#report(loaded.config, changed);
    return { ok: true, changed };
  }

  /** Makes the fleet what a configuration and the overrides of schedules say; what changed, or why it cannot be. */
  #reconcile(config: LoadedConfig): readonly ChangeRecord[] | SpecError {
    const { fleet, times, stats } = this.#options;
    const before = fleet.snapshot();
    const running = new Map([...before.hosts].map(([name, { plan }]) => [name, plan]));
    const overrides = [...config.overrides, ...this.#timed];
    const actions = reconcile(running, this.#timed.length === 0 ? config.hosts : planHosts({ ...config, overrides }).hosts);
    try {
      if (actions.length > 0) fleet.apply(actions);
    } catch (error) {
      if (error instanceof SpecError) return error;
      throw error;
    }
    const now = new Date();
    const changed = this.#changes.add(actions, before, fleet.snapshot(), now);
    times.note(fleet.snapshot(), now.getTime() / 1000);
    if (changed.length > 0) stats.reload.changeTimestamp = now.getTime() / 1000;
    return changed;
  }

  #accept({ config, hash }: Loaded): void {
    const { stats } = this.#options;
    this.#errors = [];
    this.#config = config;
    stats.reload.successful = true;
    stats.reload.successTimestamp = Date.now() / 1000;
    stats.config.hash = hashNumber(hash);
    stats.config.overridesActive = config.overrides.length;
    stats.config.overridesPersisted = config.overrides.filter(({ fromState }) => fromState).length;
  }

  /** Warnings are logged when they are new. */
  #warn(warnings: readonly ConfigError[]): void {
    const worded = warnings.map(formatConfigError);
    for (const warning of worded) if (!this.#warnings.includes(warning)) this.#options.log.warn(warning);
    this.#warnings = worded;
  }

  /** Keeps the last good configuration; the same errors are logged once. */
  #refuse(errors: readonly ConfigError[]): ReloadOutcome {
    const { log, stats } = this.#options;
    const known = formatConfigErrors(this.#errors);
    this.#errors = errors;
    stats.reload.successful = false;
    if (known !== formatConfigErrors(errors)) {
      for (const error of errors) log.error({ file: error.file, line: error.line, key: error.key }, formatConfigError(error));
      log.error({ errors: errors.length }, "the configuration is refused, the last good one runs on");
    }
    return { ok: false, errors };
  }

  #report({ seed }: LoadedConfig, changed: readonly ChangeRecord[]): void {
    const { log } = this.#options;
    for (const { hosts, sentence } of wordChanges(changed)) log.info({ hosts: hosts.slice(0, NAMES_MAX) }, sentence);
    if (changed.length === 0) log.info("the configuration was loaded again, no host changed");
    if (seed !== this.#seed) log.warn({ seed }, `seed ${seed} takes effect at the next start, until then it is ${this.#seed}`);
  }
}

/** The first 48 bits of a hash: a number that a double holds exactly. */
const hashNumber = (hash: string): number => Number.parseInt(hash.slice(0, 12), 16);
