import { describe, expect, it } from "vitest";
import { overridesOf, setOf } from "../../src/config/fault-override.ts";
import { effectOf, faultJsonSchema, faultSchema } from "../../src/config/fault-schema.ts";
import { parseWith } from "../../src/config/patch.ts";
import { FAULT_KINDS, type Fault } from "../../src/fleet/fault.ts";
import { configOf, errorsOf } from "./temp-config.ts";

const GROUPS = "groups:\n  - { name: a, count: 2, cpus: 8, guests: { web: { count: 2 } } }\n  - { name: b, count: 1 }\n";
const schedule = (fault: string): string => `${GROUPS}schedules:\n  - { name: s, cron: "0 * * * *", fault: { ${fault} } }\n`;
const parsed = (body: unknown) => {
  const result = parseWith(faultSchema, body, "request");
  return result.ok ? effectOf(result.value) : result.errors.map(({ key, message }) => `${key}: ${message}`);
};

describe("a fault of a schedule", () => {
  it("says what breaks, where and for how long", async () => {
    const { schedules } = await configOf(schedule("kind: slow_scrape, match: { group: b }, for: 10m, delay: 5s"));
    expect(schedules[0]?.fault).toEqual({ kind: "slow_scrape", match: { group: ["b"] }, for: 600_000, delay: 5000 });
  });

  it.each([
    ["kind: down, match: {}", "schedules[0].fault.for: missing; expected a duration such as 90s, 10m or 2h"],
    ["kind: dwon, match: {}, for: 1m", "schedules[0].fault.kind: expected down | slow_scrape |"],
    ["kind: down, match: { host: a-009 }, for: 1m", "schedules[0].fault.match: expected a match that some host fits"],
    ["kind: down, match: {}, for: 1m, delay: 5s", 'schedules[0].fault.delay: expected no delay with down, came "5s"'],
    ["kind: slow_scrape, match: {}, for: 1m, delay: 2m", 'schedules[0].fault.delay: expected a delay of at most 50s, came "2m"'],
    ["kind: clock_jump, match: {}, for: 1m, jump: 1", "schedules[0].fault.jump: expected a duration such as 1h or -90s, came 1"],
    ["kind: noisy_neighbour, match: { group: a }, for: 1m", "schedules[0].fault.kind: expected a CPU that no dedicated guest has"],
    ["kind: down, host: a-001, for: 1m", "schedules[0].fault.host: unknown key"],
  ])("%s is refused", async (fault, message) => {
    const found = await errorsOf(schedule(fault));
    expect(found.join("\n")).toContain(message);
    expect(found[0]).toMatch(/^fleet\.yaml:\d+:\d+: schedules\[0\]\.fault/);
  });

  it("stands alone in it", async () => {
    const text = schedule("kind: down, match: {}, for: 1m").replace("fault:", "migrate: { guest: web-1, from: a-001, to: b }, fault:");
    expect((await errorsOf(text)).join()).toContain("expected one of migrate, override and fault");
  });
});

describe("a fault that a call asks for", () => {
  it.each([
    [{ kind: "down" }, { kind: "down" }],
    [{ kind: "slow_scrape" }, { kind: "slow_scrape", delayMs: 15_000 }],
    [
      { kind: "scrape_error", answer: "truncated" },
      { kind: "scrape_error", answer: "truncated" },
    ],
    [
      { kind: "clock_jump", jump: "-2m" },
      { kind: "clock_jump", jumpSeconds: -120 },
    ],
    [{ kind: "clock_jump" }, { kind: "clock_jump", jumpSeconds: 3600 }],
    [
      { kind: "noisy_neighbour", vcpus: 2 },
      { kind: "noisy_neighbour", vcpus: 2, workload: "noisy" },
    ],
  ])("%j becomes an effect", (body, effect) => {
    expect(parsed({ match: {}, ...body })).toEqual(effect);
  });

  it("is refused with every key that is wrong", () => {
    expect(parsed({ kind: "down", match: { hots: "a" }, for: "soon" })).toEqual([
      "match.hots: unknown key",
      'for: expected a duration such as 90s, 10m or 2h, came "soon"',
    ]);
    expect(parsed(null)).toEqual([": expected a map, came null"]);
    expect(parsed(JSON.parse('{ "kind": "down", "match": { "__proto__": {} } }'))).toEqual([
      "match.__proto__: this key is refused everywhere",
    ]);
  });

  it("has a schema that lists all kinds", () => {
    expect(faultJsonSchema()).toMatchObject({ type: "object", required: ["kind", "match"], properties: { kind: { enum: FAULT_KINDS } } });
  });
});

describe("a fault of the configuration of its hosts", () => {
  const fault = (effect: Fault["effect"]): Fault => ({ id: "7", effect, hosts: ["a-001"], sinceMs: 0, untilMs: null, schedule: null });

  it("is an override of exactly these", () => {
    expect(overridesOf([fault({ kind: "down" }), fault({ kind: "microcode_loss" })])).toEqual([
      { match: { host: ["a-001"] }, set: { mitigations: { microcode: "old" } } },
    ]);
  });

  it("adds a guest under a name that no file can say", async () => {
    const [name = ""] = Object.keys(setOf({ kind: "noisy_neighbour", vcpus: 2, workload: "noisy" }, "7").guests ?? {});
    expect(name).toBe("noisy-neighbour.7");
    expect((await errorsOf(`groups:\n  - { name: a, count: 1, guests: { ${name}: {} } }\n`)).join()).toContain("expected a name of a-z");
  });
});
