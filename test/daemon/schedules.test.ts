/** Schedules, run by a clock that the test turns. */
import { describe, expect, it, vi } from "vitest";
import type { ScheduleInput } from "../../src/config/fleet-schema.ts";
import type { RunningFleet } from "../../src/daemon/running-fleet.ts";
import { Schedules, WALL_CLOCK, type Clock } from "../../src/daemon/schedules.ts";
import { turnedDaemon } from "./turned-daemon.ts";

const FLEET = `
seed: 1
defaults: { cpus: 8, migration: { max_bandwidth: 5000, downtime_limit: 20 } }
groups:
  - { name: fast, count: 1, guests: { web: { count: 1, vcpus: 2, memory_gb: 0.1 } } }
  - { name: slow, count: 1, kernel: linux-4.18 }
schedules:
  - { name: away, cron: "*/10 * * * *", migrate: { guest: web-1, from: fast-001, to: slow } }
  - { name: back, cron: "5-59/10 * * * *", migrate: { guest: web-1@fast-001, from: slow-001, to: fast-001 } }
  - { name: noon, cron: "0 12 * * *", timezone: Asia/Shanghai, override: { match: { group: fast }, set: { guests: { web: { load: 2 } } }, for: 10m } }
`;

/** A clock of which the test says what strikes. */
class TestClock implements Clock {
  readonly crons = new Map<string, () => void>();
  later: { ms: number; fire: () => void }[] = [];

  cron({ cron }: Pick<ScheduleInput, "cron">, fire: () => void): () => void {
    this.crons.set(cron, fire);
    return () => void this.crons.delete(cron);
  }

  after(ms: number, fire: () => void): () => void {
    this.later.push({ ms, fire });
    return () => undefined;
  }
}

async function start(text = FLEET) {
  const daemon = await turnedDaemon(text);
  const clock = new TestClock();
  const schedules = new Schedules(daemon.configuration, daemon.faults, clock, daemon.log);
  schedules.follow(daemon.loaded.schedules);
  const named = (name: string): ScheduleInput => daemon.loaded.schedules.find((one) => one.name === name)!;
  return { ...daemon, clock, schedules, named };
}

const guests = (fleet: RunningFleet, host: string): string[] =>
  fleet
    .snapshot()
    .hosts.get(host)!
    .resolved.guests.map(({ name }) => name);

describe("a schedule", () => {
  it("moves a VM to a slow host and back, in the list of changes and logged once each", async () => {
    const { configuration, fleet, schedules, named, messages } = await start();
    fleet.advance(20e6);
    await schedules.run(named("away"));
    fleet.advance(400e6);
    configuration.noteMigrations();
    configuration.noteMigrations();
    expect([guests(fleet, "fast-001"), guests(fleet, "slow-001")]).toEqual([[], ["web-1@fast-001"]]);
    await schedules.run(named("back"));
    fleet.advance(800e6);
    configuration.noteMigrations();
    expect([guests(fleet, "fast-001"), guests(fleet, "slow-001")]).toEqual([["web-1"], []]);
    expect(configuration.changes.map(({ kind, host, note }) => `${kind} ${host}: ${note?.replace(/\d+ ms/, "n ms")}`)).toEqual([
      "migrate slow-001: web-1 of fast-001: moved from slow-001 to fast-001 (slow_to_fast), n ms down",
      "migrate fast-001: web-1 of fast-001: moved from fast-001 to slow-001 (fast_to_slow), n ms down",
    ]);
    expect(messages.filter((message) => message.includes("moved from"))).toHaveLength(2);
  });

  it("that cannot move a VM says why", async () => {
    const { configuration, schedules, named } = await start();
    await schedules.run(named("back"));
    expect(configuration.changes[0]?.note).toBe(
      'web-1@fast-001 of slow-001: did not move from slow-001 to fast-001, refused: host slow-001 has no VM "web-1@fast-001"; it has ',
    );
  });

  it("lays an override over the configuration for its time, once at a time, and through reloads", async () => {
    const { configuration, fleet, clock, schedules, named } = await start();
    const load = (): number => fleet.snapshot().hosts.get("fast-001")!.plan.spec.guests["web"]!.load;
    await schedules.run(named("noon"));
    await schedules.run(named("noon"));
    expect(clock.later.map(({ ms }) => ms)).toEqual([600_000]);
    expect(load()).toBe(2);
    await configuration.reload();
    expect(load()).toBe(2);
    clock.later[0]!.fire();
    await configuration.reload();
    expect(load()).toBe(1);
    expect(configuration.changes.map(({ keys }) => keys.map(({ key, after }) => `${key} ${String(after)}`))).toEqual([
      ["guests.web.load 1"],
      ["guests.web.load 2"],
    ]);
  });

  it("is followed from the configuration, and no more once it is gone", async () => {
    const { clock, schedules, named, fleet } = await start();
    expect([...clock.crons.keys()]).toEqual(["*/10 * * * *", "5-59/10 * * * *", "0 12 * * *"]);
    clock.crons.get("*/10 * * * *")!();
    expect(fleet.snapshot().migrations).toHaveLength(1);
    schedules.follow([named("noon")]);
    expect([...clock.crons.keys()]).toEqual(["0 12 * * *"]);
    schedules.stop();
    expect(clock.crons.size).toBe(0);
  });
});

describe("the wall clock", () => {
  it("waits for months where a timer of Node's waits for 24 days, and not for what is over", () => {
    vi.useFakeTimers();
    try {
      const day = 86_400_000;
      const fired: string[] = [];
      WALL_CLOCK.after(90 * day, () => fired.push("in ninety days"));
      const over = WALL_CLOCK.after(60 * day, () => fired.push("in sixty days"));
      vi.advanceTimersByTime(59 * day);
      over();
      vi.advanceTimersByTime(30 * day);
      expect(fired).toEqual([]);
      vi.advanceTimersByTime(day);
      expect(fired).toEqual(["in ninety days"]);
    } finally {
      vi.useRealTimers();
    }
  });
});
