/**
 * Faults of the running daemon: made by schedules and by calls, healed when their time is over or when a
 * call says so. They outlive a reload, and end with the process, whose hosts boot sound.
 */
import type { Logger } from "pino";
import type { ConfigError } from "../config/error.ts";
import { setOf } from "../config/fault-override.ts";
import { effectOf, type FaultInput, faultSchema } from "../config/fault-schema.ts";
import { parseWith } from "../config/patch.ts";
import { whatIf } from "../config/what-if.ts";
import type { Fault } from "../fleet/fault.ts";
import type { FaultOutcome } from "../http/backend.ts";
import { SpecError } from "../kvm/resolved.ts";
import type { Configuration } from "./configuration.ts";
import { refused } from "./refused.ts";

/** Active at once; nobody who breaks hosts on purpose wants more, and a script that runs wild does. */
const FAULTS_MAX = 100;

export class Faults {
  readonly #configuration: Configuration;
  readonly #now: () => number;
  readonly #log: Logger;
  #made = 0;
  /** On their way to being active. */
  #begun = 0;

  /** @param now Unix milliseconds. */
  constructor(configuration: Configuration, now: () => number, log: Logger) {
    this.#configuration = configuration;
    this.#now = now;
    this.#log = log;
  }

  get active(): readonly Fault[] {
    return this.#configuration.faults;
  }

  /** Answers a call. */
  async answer(body: unknown): Promise<FaultOutcome> {
    const parsed = parseWith(faultSchema, body, "request");
    return parsed.ok ? this.begin(parsed.value, null) : refused(parsed.errors);
  }

  /** Breaks hosts, those that match now, or says why it cannot be. */
  async begin(wanted: FaultInput, schedule: string | null): Promise<FaultOutcome> {
    if (this.active.length + this.#begun >= FAULTS_MAX) {
      return { problem: { status: 409, detail: `${FAULTS_MAX} faults are active, which is the most; heal one first` } };
    }
    const id = String(++this.#made);
    const effect = effectOf(wanted);
    const found = whatIf(this.#configuration.layers, wanted.match, setOf(effect, id));
    if (!found.ok) return refused(found.errors);
    const sinceMs = this.#now();
    const untilMs = wanted.for === undefined ? null : sinceMs + wanted.for;
    const fault: Fault = { id, effect, hosts: found.hosts.map(({ name }) => name), sinceMs, untilMs, schedule };
    this.#begun++;
    try {
      await this.#configuration.break(fault);
    } catch (error) {
      if (error instanceof SpecError) return refused([asConfigError(error)]);
      throw error;
    } finally {
      this.#begun--;
    }
    const made = this.active.find((one) => one.id === id);
    return made === undefined ? { problem: { status: 409, detail: "its hosts left the configuration meanwhile" } } : { fault: made };
  }

  /** Ends a fault; null when none has this id. */
  async heal(id: string): Promise<Fault | null> {
    const fault = this.active.find((one) => one.id === id);
    if (fault === undefined) return null;
    await this.#configuration.heal([id]);
    return fault;
  }

  /** Heals the faults whose time is over. */
  healDue(): void {
    const now = this.#now();
    const due = this.active.filter(({ untilMs }) => untilMs !== null && untilMs <= now).map(({ id }) => id);
    if (due.length === 0) return;
    void this.#configuration.heal(due).catch((error: unknown) => this.#log.error({ err: error }, "faults could not be healed"));
  }
}

const asConfigError = ({ path, message }: SpecError): ConfigError => ({
  file: "request",
  line: 0,
  column: 0,
  key: path.join("."),
  message,
});
