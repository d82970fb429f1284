import { existsSync } from "node:fs";
import { describe, expect, test } from "vitest";
import * as rules from "./support/architecture.ts";
import { parseSourceFile, readSourceFiles } from "./support/source-file.ts";

const files = readSourceFiles("src");

test("the test sees the whole source tree", () => {
  expect(files.length).toBeGreaterThan(40);
  expect(new Set(files.map((file) => file.path.replace(/^src\//, "").replace(/(\/.*|\.ts)$/, "")))).toEqual(new Set(rules.LAYERS));
});

test("each layer imports only what stands left of it", () => {
  expect(rules.wrongLayers(files)).toEqual([]);
});

test("the pure layers import no package and touch no clock, chance or I/O", () => {
  expect(rules.impurities(files)).toEqual([]);
});

test("prom-client is imported by one file of src/metrics", () => {
  expect(rules.promClientOutsideItsFile(files)).toEqual([]);
});

test("node-cron is imported by src/daemon only", () => {
  expect(rules.nodeCronOutsideTheDaemon(files)).toEqual([]);
});

test("every imported file exists and no files import each other in a circle", () => {
  expect(rules.missingFiles(files)).toEqual([]);
  expect(rules.cycles(files)).toEqual([]);
});

test("no file is a barrel, a bag of helpers or longer than 300 lines", () => {
  expect(rules.barrels(files)).toEqual([]);
  expect(rules.longFiles(files)).toEqual([]);
});

test("every file of a catalogue's folder is in the catalogue", () => {
  expect(rules.outsideTheirCatalogue(files)).toEqual([]);
  for (const folder of Object.values(rules.CATALOGUES)) {
    expect(files.filter((file) => file.path.startsWith(`${folder}/`)).length, folder).toBeGreaterThan(0);
  }
});

test("dashboards import nothing of src but src/metrics/names.ts", () => {
  const folder = existsSync("dashboards") ? readSourceFiles("dashboards") : [];
  const imported = folder.flatMap((file) => file.imports.filter((name) => name.includes("/src/")));
  expect(imported.filter((name) => !name.endsWith("/src/metrics/names.ts"))).toEqual([]);
});

describe("a fabricated file that breaks a rule is reported", () => {
  const withFile = (path: string, text: string) => [...files, parseSourceFile(path, text)];

  test.each([
    ["import", `import { Fleet } from "../fleet/fleet.ts"; export const fleet = new Fleet(1);`],
    ["import type", `import type { Fleet } from "../fleet/fleet.ts"; export type F = Fleet;`],
    ["export from", `export * from "../fleet/fleet.ts";`],
    ["import()", `export const fleet = () => import("../fleet/fleet.ts");`],
    ["type of import()", `export type F = import("../fleet/fleet.ts").Fleet;`],
  ])("a layer that reaches right by %s", (_how, text) => {
    expect(rules.wrongLayers(withFile("src/lib/bad.ts", text))).toEqual([
      "src/lib/bad.ts imports src/fleet/fleet.ts: lib stands left of fleet",
    ]);
  });

  test("a file in no layer", () => {
    expect(rules.wrongLayers(withFile("src/stray/bad.ts", `export const stray = 1;`))[0]).toContain("is in no layer");
  });

  test.each([
    [`import fs from "node:fs"; export default fs;`, "imports node:fs"],
    [`import type { ZodType } from "zod"; export type Z = ZodType;`, "imports zod"],
    [`export const now = () => Date.now();`, "uses Date"],
    [`export const chance = () => Math.random();`, "uses Math.random"],
    [`export const env = { ...process.env };`, "uses process"],
    [`export const later = (f: () => void) => setTimeout(f, 1);`, "uses setTimeout"],
  ])("a pure layer with %s", (text, complaint) => {
    expect(rules.impurities(withFile("src/sim/bad.ts", text))[0]).toContain(`src/sim/bad.ts ${complaint}`);
  });

  test("names that are keys, strings or comments are no globals", () => {
    const text = `/* Date */ export const row = { process: "console.log" }; export const it = row.process;`;
    expect(rules.impurities([parseSourceFile("src/sim/good.ts", text)])).toEqual([]);
  });

  test("prom-client at the wrong place", () => {
    const bad = withFile("src/http/bad.ts", `import { Counter } from "prom-client"; export const c = Counter;`);
    expect(rules.promClientOutsideItsFile(bad)[0]).toContain("src/http/bad.ts");
  });

  test("node-cron at the wrong place", () => {
    const bad = withFile("src/config/bad.ts", `import { validate } from "node-cron"; export const v = validate;`);
    expect(rules.nodeCronOutsideTheDaemon(bad)).toEqual(["node-cron is imported by src/config/bad.ts: schedules are run by src/daemon"]);
  });

  test("a circle of two files, and an import of nothing", () => {
    const circle = [
      parseSourceFile("src/lib/a.ts", `import type { B } from "./b.ts"; export type A = B;`),
      parseSourceFile("src/lib/b.ts", `import type { A } from "./a.ts"; export type B = A;`),
    ];
    expect(rules.cycles(circle)).toEqual(["src/lib/a.ts → src/lib/b.ts → src/lib/a.ts"]);
    expect(rules.missingFiles(circle.slice(0, 1))).toEqual(["src/lib/a.ts imports src/lib/b.ts, which does not exist"]);
  });

  test("a barrel, a file too long, an exit outside the catalogue", () => {
    expect(rules.barrels(withFile("src/kvm/index.ts", ""))).toHaveLength(1);
    expect(rules.longFiles(withFile("src/kvm/bad.ts", "\n".repeat(301)))).toHaveLength(1);
    expect(rules.outsideTheirCatalogue(withFile("src/kvm/exits/bad.ts", ""))).toEqual(["src/kvm/exits/bad.ts is not in src/kvm/exits.ts"]);
  });
});
