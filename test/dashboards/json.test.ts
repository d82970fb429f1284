import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it, test } from "vitest";
import { DASHBOARDS, fileOf, textOf } from "../../dashboards/dashboards.ts";
import { UID } from "../../dashboards/uids.ts";

const FOLDER = "dashboards/json";
const built = DASHBOARDS.map((build) => build());

describe("the committed dashboards", () => {
  it.each(built)("are what their source writes, byte for byte: $uid", (dashboard) => {
    const committed = readFileSync(`${FOLDER}/${fileOf(dashboard)}`, "utf8");
    expect(committed === textOf(dashboard), `${fileOf(dashboard)} is not current, \`npm run dashboards\` rewrites it`).toBe(true);
  });

  it("are all in the catalogue", () => {
    expect(readdirSync(FOLDER).toSorted()).toEqual(built.map(fileOf).toSorted());
  });

  it("have the uids that links and alerts point at", () => {
    const known: readonly (string | undefined)[] = Object.values(UID);
    expect(built.filter(({ uid }) => !known.includes(uid))).toEqual([]);
  });
});

test("a dashboard is the same each time it is written", () => {
  expect(DASHBOARDS.map((build) => textOf(build()))).toEqual(built.map(textOf));
});
