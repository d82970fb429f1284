/**
 * Schedules: what happens again and again by the wall clock. A run is one action on the fleet at the
 * next slice border; with `--speed 10` ten times as much emulated time lies between two of them, and
 * a migration itself takes emulated time. A schedule that is still in force when it comes again is left as it is.
 * What fires while the process is busy or stopped is lost, as in cron.
 */
import { isDeepStrictEqual } from "node:util";
import { schedule as cronSchedule } from "node-cron";
import type { Logger } from "pino";
import type { ScheduleInput } from "../config/fleet-schema.ts";
import type { Configuration } from "./configuration.ts";
import type { Faults } from "./faults.ts";

/** The wall clock: calls again and again, or once after a while. Returns what ends that. */
export interface Clock {
  cron(schedule: Pick<ScheduleInput, "cron" | "timezone">, fire: () => void): () => void;
  after(ms: number, fire: () => void): () => void;
}

/** 24.8 days; what setTimeout is to wait longer for comes at once. */
const TIMEOUT_MS_MAX = 2 ** 31 - 1;

export const WALL_CLOCK: Clock = {
  cron: ({ cron, timezone }, fire) => {
    const task = cronSchedule(cron, fire, { ...(timezone === undefined ? {} : { timezone }), unref: true, suppressMissedWarning: true });
    return () => void task.destroy();
  },
  after: (ms, fire) => {
    let timer: NodeJS.Timeout | undefined;
    const wait = (left: number): void => {
      const step = Math.min(left, TIMEOUT_MS_MAX);
      timer = setTimeout(() => (left > step ? wait(left - step) : fire()), step).unref();
    };
    wait(ms);
    return () => clearTimeout(timer);
  },
};

interface Followed {
  readonly schedule: ScheduleInput;
  readonly stop: () => void;
}

export class Schedules {
  readonly #configuration: Configuration;
  readonly #faults: Faults;
  readonly #clock: Clock;
  readonly #log: Logger;
  #followed: readonly Followed[] = [];
  /** Names of schedules whose override is in force. */
  readonly #inForce = new Set<string>();

  constructor(configuration: Configuration, faults: Faults, clock: Clock, log: Logger) {
    this.#configuration = configuration;
    this.#faults = faults;
    this.#clock = clock;
    this.#log = log;
  }

  /** Follows these from now on; those that stayed the same are not disturbed. */
  follow(schedules: readonly ScheduleInput[]): void {
    const stays = this.#followed.filter(({ schedule }) => schedules.some((wanted) => isDeepStrictEqual(wanted, schedule)));
    for (const one of this.#followed) if (!stays.includes(one)) one.stop();
    const isNew = (wanted: ScheduleInput): boolean => !stays.some(({ schedule }) => isDeepStrictEqual(wanted, schedule));
    const started = schedules.filter(isNew).map((schedule) => ({ schedule, stop: this.#clock.cron(schedule, () => this.#fire(schedule)) }));
    this.#followed = [...stays, ...started];
  }

  stop(): void {
    this.follow([]);
  }

  #fire(schedule: ScheduleInput): void {
    void this.run(schedule).catch((error: unknown) => this.#log.error({ err: error }, `schedule ${schedule.name} failed`));
  }

  /** Does what a schedule says, now. */
  async run({ name, migrate, override, fault }: ScheduleInput): Promise<void> {
    if (fault !== undefined) await this.#break(name, fault);
    if (migrate !== undefined) {
      this.#log.info(`schedule ${name}: ${migrate.guest} is to move from ${migrate.from} to ${migrate.to}`);
      this.#configuration.migrate({ kind: "migrate", ...migrate });
    }
    if (override === undefined || this.#inForce.has(name)) return;
    this.#inForce.add(name);
    this.#log.info(`schedule ${name}: an override for ${Math.round(override.for / 1000)} s`);
    const takeBack = await this.#configuration.lay({ match: override.match, set: override.set });
    this.#clock.after(override.for, () => {
      this.#inForce.delete(name);
      void takeBack().catch((error: unknown) => this.#log.error({ err: error }, `schedule ${name} failed`));
    });
  }

  async #break(name: string, fault: NonNullable<ScheduleInput["fault"]>): Promise<void> {
    if (this.#faults.active.some(({ schedule }) => schedule === name)) return;
    const outcome = await this.#faults.begin(fault, name);
    if ("problem" in outcome) this.#log.error(`schedule ${name}: no fault: ${outcome.problem.detail}`);
  }
}
