import { readFileSync, writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import { fleetJsonSchema, kernelJsonSchema, workloadJsonSchema } from "../../src/config/json-schema.ts";

test.each([
  ["config/fleet.schema.json", fleetJsonSchema()],
  ["config/kernel.schema.json", kernelJsonSchema()],
  ["config/workload.schema.json", workloadJsonSchema()],
])("%s is what the loader's schema says (UPDATE_GOLDEN=1 rewrites it)", (path, schema) => {
  const generated = `${JSON.stringify(schema, null, 2)}\n`;
  if (process.env["UPDATE_GOLDEN"] === "1") writeFileSync(path, generated);
  expect(readFileSync(path, "utf8")).toBe(generated);
});

test("every key says what it is", () => {
  const properties = (fleetJsonSchema()["definitions"] as Record<string, { properties: Record<string, { description?: string }> }>)["host"]
    ?.properties;
  expect(Object.entries(properties ?? {}).filter(([, { description }]) => description === undefined)).toEqual([]);
  expect(Object.keys(properties ?? {}).length).toBeGreaterThan(10);
});
