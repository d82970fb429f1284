/** Faults of a running daemon, by a clock that the test turns. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { Schedules, type Clock } from "../../src/daemon/schedules.ts";
import { counterAt, type HostSnapshot } from "../../src/fleet/snapshot.ts";
import { AT, VCPU_STATES } from "../../src/kvm/counters.ts";
import { exitsOf } from "../../src/metrics/exit-total.ts";
import { turnedDaemon } from "./turned-daemon.ts";

const FLEET = (skx = 2, schedules = ""): string => `seed: 1
groups:
  - { name: skx, count: ${skx}, cpus: 4, kernel: linux-5.8, guests: { web: { vcpus: 2 } } }
  - { name: full, count: 1, cpus: 2, guests: { web: { vcpus: 2 } } }
  - { name: shared, count: 1, cpus: 2, guests: { busy: { vcpus: 2, workload: packets, dedicated: false } } }
${schedules}`;

const NO_CLOCK: Clock = { cron: () => () => undefined, after: () => () => undefined };

async function start(text = FLEET()) {
  const daemon = await turnedDaemon(text);
  const schedules = new Schedules(daemon.configuration, daemon.faults, NO_CLOCK, daemon.log);
  const host = (name: string): HostSnapshot => daemon.fleet.snapshot().hosts.get(name)!;
  const write = (fleetYaml: string): void => writeFileSync(join(daemon.dir, "fleet.yaml"), fleetYaml);
  return { ...daemon, schedules, host, write };
}

type Daemon = Awaited<ReturnType<typeof start>>;

async function broken({ faults }: Daemon, body: unknown): Promise<string> {
  const outcome = await faults.answer(body);
  if ("problem" in outcome) throw new Error(outcome.problem.detail);
  return outcome.fault.id;
}

const refusal = async ({ faults }: Daemon, body: unknown): Promise<string> => {
  const outcome = await faults.answer(body);
  return "problem" in outcome ? `${outcome.problem.status} ${outcome.problem.detail}` : "made";
};

/** What happened, the oldest first: `break skx-001: …`. */
const told = ({ configuration }: Daemon): string[] =>
  configuration.changes
    .toReversed()
    .filter(({ kind }) => kind === "break" || kind === "heal")
    .map(({ kind, host, note }) => `${kind} ${host}: ${note}`);

describe("a fault", () => {
  it("breaks the hosts that match, is told and logged, and is healed by its id", async () => {
    const daemon = await start();
    daemon.fleet.advance(5e6);
    const id = await broken(daemon, { kind: "down", match: { group: "skx" } });
    expect(["skx-001", "skx-002", "full-001"].map((name) => daemon.host(name).state)).toEqual(["down", "down", "running"]);
    expect(daemon.faults.active).toMatchObject([{ id, hosts: ["skx-001", "skx-002"], untilMs: null, schedule: null }]);
    expect((await daemon.faults.heal(id))?.id).toBe(id);
    expect(await daemon.faults.heal(id)).toBeNull();
    expect([daemon.host("skx-001").state, daemon.faults.active]).toEqual(["running", []]);
    expect(told(daemon).filter((line) => line.includes("skx-001"))).toEqual([
      "break skx-001: fault 1: down, until it is healed",
      "heal skx-001: fault 1: down is healed",
    ]);
    expect(daemon.messages).toEqual(["2 hosts: fault 1: down, until it is healed", "2 hosts: fault 1: down is healed"]);
  });

  it("is over when its time is, and not before", async () => {
    const daemon = await start();
    await broken(daemon, { kind: "stuck_counter", match: { host: "skx-001" }, for: "90s" });
    daemon.wall.ms += 89_999;
    daemon.faults.healDue();
    await daemon.configuration.reload();
    expect(daemon.host("skx-001").stuck).not.toBeNull();
    daemon.wall.ms += 1;
    daemon.faults.healDue();
    await daemon.configuration.reload();
    expect([daemon.host("skx-001").stuck, daemon.faults.active]).toEqual([null, []]);
  });

  it("outlives a reload, and ends with its host for good", async () => {
    const daemon = await start();
    await broken(daemon, { kind: "down", match: { group: "skx" } });
    daemon.write(FLEET(1));
    expect(await daemon.configuration.reload()).toMatchObject({ ok: true });
    expect(daemon.faults.active).toMatchObject([{ hosts: ["skx-001"] }]);
    expect(daemon.host("skx-001").state).toBe("down");
    expect(told(daemon).at(-1)).toBe("heal skx-002: fault 1: down is over, as the host is gone");
    daemon.write(FLEET(2));
    await daemon.configuration.reload();
    expect([daemon.host("skx-001").state, daemon.host("skx-002").state]).toEqual(["down", "running"]);
    daemon.write(FLEET(0));
    await daemon.configuration.reload();
    expect(daemon.faults.active).toEqual([]);
  });

  it("is made beside others at the same time without losing one", async () => {
    const daemon = await start();
    const kinds = ["down", "microcode_loss", "stuck_counter"];
    await Promise.all(kinds.map((kind) => broken(daemon, { kind, match: { host: "skx-001" } })));
    expect(daemon.faults.active.map(({ effect }) => effect.kind)).toEqual(kinds);
  });

  it("that cannot be is refused and changes nothing", async () => {
    const daemon = await start();
    expect(await refusal(daemon, { kind: "down", match: { host: "nobody" } })).toBe(
      "422 match: expected a match that some host fits, came one that none does",
    );
    expect(await refusal(daemon, { kind: "melted", match: {} })).toContain("422 kind: expected down | slow_scrape |");
    expect(await refusal(daemon, { kind: "noisy_neighbour", match: { group: "full" } })).toMatch(
      /^422 set\.guests\.noisy-neighbour\.\d\.placement: expected a CPU that no dedicated guest has .*full-001/,
    );
    expect([daemon.faults.active, daemon.configuration.changes]).toEqual([[], []]);
  });

  it("is one of a hundred at most, also when all are made at once", async () => {
    const daemon = await start();
    const body = { kind: "slow_scrape", match: { host: "skx-001" } };
    const outcomes = await Promise.all(Array.from({ length: 102 }, () => refusal(daemon, body)));
    expect(outcomes.filter((outcome) => outcome === "made")).toHaveLength(100);
    expect(await refusal(daemon, { kind: "down", match: {} })).toMatch(/^409 100 faults are active/);
  });
});

describe("microcode that is lost", () => {
  it("is old on that host until it is healed: the mitigation's state changes, and counters go on", async () => {
    const daemon = await start();
    daemon.fleet.advance(20e6);
    const state = (): string => daemon.host("skx-001").resolved.vulnerabilities.mds.state;
    const before = exitsOf(daemon.host("skx-001"));
    expect(state()).toBe("mitigated");
    const id = await broken(daemon, { kind: "microcode_loss", match: { host: "skx-001" } });
    expect([state(), daemon.host("skx-001").plan.spec.mitigations.microcode]).toEqual(["vulnerable", "old"]);
    expect(daemon.host("skx-002").resolved.vulnerabilities.mds.state).toBe("mitigated");
    expect(exitsOf(daemon.host("skx-001"))).toBe(before);
    await daemon.configuration.reload();
    expect(state()).toBe("vulnerable");
    daemon.fleet.advance(40e6);
    await daemon.faults.heal(id);
    expect(state()).toBe("mitigated");
    expect(exitsOf(daemon.host("skx-001"))).toBeGreaterThan(before);
    expect(daemon.configuration.changes.flatMap(({ keys }) => keys.map(({ key, after }) => `${key} ${String(after)}`))).toEqual([
      "mitigations.microcode current",
      "mitigations.microcode old",
    ]);
  });
});

describe("a noisy neighbour", () => {
  const stolen = (host: HostSnapshot): number => counterAt(host, AT.vcpuCycles + VCPU_STATES.indexOf("steal"));

  it("is one guest more, which takes CPU time from those that share theirs", async () => {
    const daemon = await start();
    daemon.fleet.advance(100e6);
    const before = stolen(daemon.host("shared-001"));
    const id = await broken(daemon, { kind: "noisy_neighbour", match: { host: "shared-001" }, vcpus: 4, workload: "packets" });
    expect(daemon.host("shared-001").resolved.guests.map(({ name }) => name)).toEqual(["busy-1", "noisy-neighbour.1-1"]);
    daemon.fleet.advance(200e6);
    const during = stolen(daemon.host("shared-001"));
    // Six vCPUs that never halt on two CPUs: four of them wait at any time, for a tenth of a second.
    expect((during - before) / daemon.host("shared-001").resolved.tscHz).toBeGreaterThan(0.3);
    await daemon.faults.heal(id);
    expect(daemon.host("shared-001").resolved.guests.map(({ name }) => name)).toEqual(["busy-1"]);
    const after = stolen(daemon.host("shared-001"));
    daemon.fleet.advance(300e6);
    expect(stolen(daemon.host("shared-001")) - after).toBeLessThan((during - before) / 20);
  });

  it("is not lost to a reload that leaves it no CPU: that is refused, until the fault is healed", async () => {
    const daemon = await start();
    const id = await broken(daemon, { kind: "noisy_neighbour", match: { host: "skx-001" }, vcpus: 1 });
    daemon.write(FLEET().replace("web: { vcpus: 2 }", "web: { vcpus: 4 }"));
    expect(await daemon.configuration.reload()).toMatchObject({ ok: false, errors: [{ key: "guests.noisy-neighbour.1.placement" }] });
    expect(daemon.faults.active.map((fault) => fault.id)).toEqual([id]);
    await daemon.faults.heal(id);
    expect(await daemon.configuration.reload()).toMatchObject({ ok: true });
  });

  it("takes nothing from vCPUs that have CPUs of their own", async () => {
    const daemon = await start();
    await broken(daemon, { kind: "noisy_neighbour", match: { host: "skx-001" }, vcpus: 1, workload: "packets" });
    daemon.fleet.advance(50e6);
    expect(stolen(daemon.host("skx-001"))).toBe(0);
  });
});

describe("a schedule with a fault", () => {
  const SCHEDULE = `schedules:\n  - { name: drill, cron: "0 3 * * *", fault: { kind: down, match: { host: skx-002 }, for: 5m } }\n`;

  it("breaks its hosts once at a time, and again when that is over", async () => {
    const daemon = await start(FLEET(2, SCHEDULE));
    const [drill] = daemon.loaded.schedules;
    await daemon.schedules.run(drill!);
    await daemon.schedules.run(drill!);
    expect(daemon.faults.active).toMatchObject([{ schedule: "drill", hosts: ["skx-002"] }]);
    expect(told(daemon)).toEqual(["break skx-002: fault 1: down, for 300 s (schedule drill)"]);
    daemon.wall.ms += 300_000;
    daemon.faults.healDue();
    await daemon.configuration.reload();
    await daemon.schedules.run(drill!);
    expect(daemon.faults.active.map(({ id }) => id)).toEqual(["2"]);
  });

  it("whose hosts are gone says so and breaks nothing", async () => {
    const daemon = await start(FLEET(2, SCHEDULE));
    daemon.write(FLEET(1));
    await daemon.configuration.reload();
    await daemon.schedules.run(daemon.loaded.schedules[0]!);
    expect(daemon.messages.at(-1)).toBe("schedule drill: no fault: match: expected a match that some host fits, came one that none does");
    expect(daemon.faults.active).toEqual([]);
  });
});
