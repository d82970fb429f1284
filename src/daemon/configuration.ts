/**
 * The configuration of a running daemon: loaded as a whole, applied as a whole, and kept as it
 * was when what came is wrong. Loads never overlap.
 */
import type { Logger } from "pino";
import type { LoadedConfig } from "../config/assemble.ts";
import type { ConfigError } from "../config/error.ts";
import { formatConfigError, formatConfigErrors } from "../config/format.ts";
import { loadConfig, type LoadResult } from "../config/load.ts";
import { overridesOf } from "../config/fault-override.ts";
import { type PlanInput, type PlannedOverride, planHosts } from "../config/plan.ts";
import { reconcile } from "../config/reconcile.ts";
import type { MigrateAction } from "../fleet/action.ts";
import { SOUND } from "../fleet/breakage.ts";
import { breakActions, type Fault, withoutHosts } from "../fleet/fault.ts";
import { SpecError } from "../kvm/resolved.ts";
import type { ChangeRecord, ReloadOutcome } from "../http/backend.ts";
import type { DaemonStats } from "../metrics/daemon-stats.ts";
import { ChangeLog, wordChanges, wordMigration } from "./change-log.ts";
import { faultChanges } from "./fault-changes.ts";
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

/** What lies over the configuration. */
interface Laid {
  /** Overrides of schedules that are in force, over all others. */
  readonly timed: readonly PlannedOverride[];
  /** Faults that are active, over these. */
  readonly faults: readonly Fault[];
}

type Loaded = Extract<LoadResult, { ok: true }>;

export class Configuration {
  readonly #options: ConfigurationOptions;
  readonly #changes = new ChangeLog();
  readonly #seed: number;
  #config: LoadedConfig;
  #errors: readonly ConfigError[] = [];
  #warnings: readonly string[] = [];
  #last: Promise<unknown> = Promise.resolve();
  #laid: Laid = { timed: [], faults: [] };
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

  /** Active faults, the oldest first. */
  get faults(): readonly Fault[] {
    return this.#laid.faults;
  }

  /** What hosts are planned from: the configuration, and what lies over it. */
  get layers(): PlanInput {
    return layered(this.#config, this.#laid);
  }

  /** Lays an override over the configuration, for a time; returns what takes it back. */
  async lay(override: PlannedOverride): Promise<() => Promise<void>> {
    await this.#change(({ timed, ...laid }) => ({ ...laid, timed: [...timed, override] }));
    return () => this.#change(({ timed, ...laid }) => ({ ...laid, timed: timed.filter((other) => other !== override) }));
  }

  /** Breaks the hosts of a fault that are still there. Throws SpecError when their configuration cannot be broken so. */
  break(fault: Fault): Promise<void> {
    const gone = (): string[] => fault.hosts.filter((host) => !this.#options.fleet.snapshot().hosts.has(host));
    return this.#change(({ faults, ...laid }) => ({ ...laid, faults: [...faults, ...withoutHosts([fault], new Set(gone()))] }));
  }

  /** Heals faults, those that are active. */
  heal(ids: readonly string[]): Promise<void> {
    return this.#change(({ faults, ...laid }) => ({ ...laid, faults: faults.filter(({ id }) => !ids.includes(id)) }));
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
      this.#changes.note([{ time, host: migration.from, kind: "migrate", generation, keys: [], takes: "live", note }]);
      this.#options.log.info({ hosts: [migration.from, migration.to] }, note);
    }
    const running = migrations.filter(({ endedNs }) => endedNs === null).map(({ id }) => id);
    this.#noted = Math.min(Math.max(this.#noted, ...ended.map(({ id }) => id)), ...running.map((id) => id - 1));
  }

  /** Changes what lies over the configuration, after what is under way. */
  #change(change: (laid: Laid) => Laid): Promise<void> {
    const next = this.#last.then(() => this.#force(change(this.#laid)));
    this.#last = next.catch(() => undefined);
    return next;
  }

  /** Puts it into force, or leaves all as it is when it cannot be. */
  #force(laid: Laid): void {
    const changed = this.#reconcile(this.#config, laid);
    if (changed instanceof SpecError) throw changed;
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
    const changed = this.#reconcile(loaded.config, this.#laid);
    if (changed instanceof SpecError) {
      return this.#refuse([{ file: this.#options.dir, line: 0, column: 0, key: changed.path.join("."), message: changed.message }]);
    }
    this.#accept(loaded);
    this.#warn(loaded.warnings);
    this.#report(loaded.config, changed);
    return { ok: true, changed };
  }

  /** Makes the fleet what a configuration and what lies over it say; what changed, or why it cannot be. */
  #reconcile(config: LoadedConfig, laid: Laid): readonly ChangeRecord[] | SpecError {
    const { fleet, times, stats } = this.#options;
    const before = fleet.snapshot();
    const running = new Map([...before.hosts].map(([name, { plan }]) => [name, plan]));
    const { overrides } = layered(config, laid);
    const wanted = overrides.length === config.overrides.length ? config.hosts : planHosts({ ...config, overrides }).hosts;
    const actions = reconcile(running, wanted);
    const gone = new Set(actions.flatMap((action) => (action.kind === "remove" ? [action.name] : [])));
    const faults = withoutHosts(laid.faults, gone);
    const breaks = breakActions(
      wanted.map(({ name }) => [name, before.hosts.get(name)?.breakage ?? SOUND]),
      faults,
    );
    try {
      if (actions.length + breaks.length > 0) fleet.apply([...actions, ...breaks]);
    } catch (error) {
      if (error instanceof SpecError) return error;
      throw error;
    }
    const now = new Date();
    const changed = this.#changes.add(actions, before, fleet.snapshot(), now);
    times.note(fleet.snapshot(), now.getTime() / 1000);
    if (changed.length > 0) stats.reload.changeTimestamp = now.getTime() / 1000;
    const noted = faultChanges(this.#laid.faults, faults, fleet.snapshot(), now);
    this.#changes.note(noted);
    this.#say(noted);
    this.#laid = { ...laid, faults };
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

  #say(changed: readonly ChangeRecord[]): void {
    for (const { hosts, sentence } of wordChanges(changed)) this.#options.log.info({ hosts: hosts.slice(0, NAMES_MAX) }, sentence);
  }

  #report({ seed }: LoadedConfig, changed: readonly ChangeRecord[]): void {
    const { log } = this.#options;
    this.#say(changed);
    if (changed.length === 0) log.info("the configuration was loaded again, no host changed");
    if (seed !== this.#seed) log.warn({ seed }, `seed ${seed} takes effect at the next start, until then it is ${this.#seed}`);
  }
}

/** A configuration with what lies over it. */
function layered(config: LoadedConfig, { timed, faults }: Laid): PlanInput {
  return { ...config, overrides: [...config.overrides, ...timed, ...overridesOf(faults)] };
}

/** The first 48 bits of a hash: a number that a double holds exactly. */
const hashNumber = (hash: string): number => Number.parseInt(hash.slice(0, 12), 16);
