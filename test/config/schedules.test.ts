import { validate } from "node-cron";
import { describe, expect, it } from "vitest";
import { isCronExpression } from "../../src/config/cron-expression.ts";
import { configOf, errorsOf } from "./temp-config.ts";

const GROUPS = "groups:\n  - { name: a, count: 2, guests: { web: { count: 2 } } }\n  - { name: b, count: 1 }\n";
const errors = (schedule: string): Promise<string[]> => errorsOf(`${GROUPS}schedules:\n  - { name: s, ${schedule} }\n`);
const MOVE = "migrate: { guest: web-1, from: a-001, to: b }";

describe("a schedule", () => {
  it("is a cron expression with a migration, or with an override for a time", async () => {
    const set = "override: { match: { group: a }, set: { kernel: c82 }, for: 90s }";
    const text = `${GROUPS}schedules:\n  - { name: s, cron: "0 3 * * mon", ${MOVE} }\n  - { name: t, cron: "* * * * * *", timezone: Asia/Shanghai, ${set} }\n`;
    const { schedules } = await configOf(text);
    expect(schedules).toMatchObject([
      { name: "s", migrate: { guest: "web-1", from: "a-001", to: "b" } },
      { name: "t", override: { for: 90_000, set: { kernel: "c82" } } },
    ]);
  });

  it.each([
    [
      `cron: "61 * * * *", ${MOVE}`,
      'fleet.yaml:5:22: schedules[0].cron: expected a cron expression of five fields, or six with seconds first, such as "*/5 * * * *", came "61 * * * *"',
    ],
    [`cron: "0 * * * *"`, "fleet.yaml:5:5: schedules[0]: expected one of migrate, override and fault, came a map"],
    [
      `cron: "0 * * * *", migrate: { guest: web-1, from: a-009, to: b }`,
      'schedules[0].migrate.from: expected a host, came "a-009"; did you mean "a-001"?',
    ],
    [`cron: "0 * * * *", migrate: { guest: web-1, from: a-001, to: c }`, 'schedules[0].migrate.to: expected a host or a group, came "c"'],
    [
      `cron: "0 * * * *", migrate: { guest: web-3, from: a-001, to: b }`,
      'schedules[0].migrate.guest: expected a VM of a-001, came "web-3"',
    ],
    [
      `cron: "0 * * * *", override: { match: { group: c }, set: { kernel: c82 }, for: 1m }`,
      "schedules[0].override.match: expected a match that some host fits",
    ],
    [`cron: "0 * * * *", override: { match: {}, set: { guests: { web: { vcpus: 64 } } }, for: 1m }`, "schedules[0].override.set"],
    [
      `cron: "0 * * * *", override: { match: {}, set: { kernal: c82 }, for: 1m }`,
      'schedules[0].override.set.kernal: unknown key; did you mean "kernel"?',
    ],
    [`cron: "0 * * * *", override: { match: {}, set: {}, for: soon }`, "expected a duration such as 90s, 10m or 2h"],
    [`cron: "0 * * * *", timezone: Mars/Base, ${MOVE}`, "expected a time zone such as Asia/Shanghai"],
  ])("%s is refused", async (schedule, message) => {
    const found = await errors(schedule);
    expect(found.join("\n")).toContain(message);
    expect(found[0]).toMatch(/^fleet\.yaml:\d+:\d+: schedules\[0\]/);
  });

  it("has a name of its own", async () => {
    const line = `  - { name: s, cron: "0 * * * *", ${MOVE} }\n`;
    expect((await errorsOf(`${GROUPS}schedules:\n${line}${line}`)).join()).toContain(
      'schedules[1].name: expected a name of its own, came "s"',
    );
  });

  it("has an expression that node-cron takes as well", () => {
    const good = [
      "* * * * *",
      "*/5 * * * *",
      "0 3 * * mon",
      "0 0 1 jan *",
      "5-59/10 * * * *",
      "1,2,30 0-6 * * 1-5",
      "0 */5 * * * *",
      "0 0 * * 7",
      "0 9 * * mon-fri",
      "0 0 1 jan-mar,dec *",
    ];
    const bad = [
      "",
      "* * * *",
      "61 * * * *",
      "* 24 * * *",
      "* * 0 * *",
      "* * * 13 *",
      "* * * * 8",
      "a * * * *",
      "*/0 * * * *",
      "1//2 * * * *",
      "* * * * * * *",
      "5-1 * * * *",
    ];
    expect(good.filter((text) => !isCronExpression(text) || !validate(text))).toEqual([]);
    expect(bad.filter((text) => isCronExpression(text))).toEqual([]);
  });
});
