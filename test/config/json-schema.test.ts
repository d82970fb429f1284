import { readFileSync, writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import { fleetJsonSchema } from "../../src/config/json-schema.ts";

const PATH = "config/fleet.schema.json";

test("config/fleet.schema.json is what the loader's schema says (UPDATE_GOLDEN=1 rewrites it)", () => {
  const generated = `${JSON.stringify(fleetJsonSchema(), null, 2)}\n`;
  if (process.env["UPDATE_GOLDEN"] === "1") writeFileSync(PATH, generated);
  expect(readFileSync(PATH, "utf8")).toBe(generated);
});

test("every key says what it is", () => {
  const properties = (fleetJsonSchema()["definitions"] as Record<string, { properties: Record<string, { description?: string }> }>)["host"]
    ?.properties;
  expect(Object.entries(properties ?? {}).filter(([, { description }]) => description === undefined)).toEqual([]);
  expect(Object.keys(properties ?? {}).length).toBeGreaterThan(10);
});
