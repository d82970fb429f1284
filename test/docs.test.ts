import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { describe, expect, it, test } from "vitest";
import { EXTRAS, HANDLERS, RUN_LOOP } from "../src/cost/paths.ts";
import { CPUS } from "../src/hw/cpus.ts";
import type { Figure } from "../src/hw/figure.ts";
import { brokenLinks, unknownScripts } from "./support/docs/links.ts";
import { fillSections, markdownTable } from "./support/docs/markdown.ts";
import { generatedReadmes } from "./support/docs/readmes.ts";

const COMMAND = "npm run docs";

test.each(generatedReadmes())("the tables of $path are current", ({ path, text, current }) => {
  if (process.env["UPDATE_GOLDEN"] === "1") {
    writeFileSync(path, current);
    return;
  }
  const line = current.split("\n").find((one) => !text.includes(one));
  expect(text === current, `${path} is not current, \`${COMMAND}\` rewrites it; ${line ?? "a line too many"}`).toBe(true);
});

const READMES = [
  "README.md",
  ...["src", "config", "test", "dashboards"]
    .filter((folder) => existsSync(folder))
    .flatMap((folder) => readdirSync(folder, { recursive: true, encoding: "utf8" }).map((file) => `${folder}/${file}`))
    .filter((file) => file.endsWith("/README.md")),
].map((path) => ({ path, text: readFileSync(path, "utf8") }));

describe("the READMEs", () => {
  it("are all seen", () => {
    expect(READMES.map(({ path }) => path)).toEqual(expect.arrayContaining(["README.md", "src/README.md", "src/metrics/README.md"]));
  });

  it("link to files and headings that exist", () => {
    expect(READMES.flatMap(({ path, text }) => brokenLinks(path, text))).toEqual([]);
  });

  it("name scripts that package.json has", () => {
    const { scripts } = JSON.parse(readFileSync("package.json", "utf8")) as { scripts: Readonly<Record<string, string>> };
    expect(READMES.flatMap(({ path, text }) => unknownScripts(path, text, scripts))).toEqual([]);
  });
});

test("every figure of the cost model is published, derived, by definition, or called assumed", () => {
  const figures = [RUN_LOOP, HANDLERS, EXTRAS, ...Object.values(CPUS).map(({ cycles }) => cycles)].flatMap((one) =>
    Object.entries<Figure>({ ...one }),
  );
  expect(figures.length).toBeGreaterThan(50);
  const isGraded = (source: string): boolean =>
    /^(assumed|by definition): ./.test(source) ||
    /\b(github\.com|Wanpeng Li|kvm list|KVM: VMX: enable IPI virtualization v7|[0-9a-f]{12})\b/.test(source);
  expect(figures.filter(([, { source }]) => !isGraded(source)).map(([name, { source }]) => `${name}: ${source}`)).toEqual([]);
});

describe("what finds and fills", () => {
  it("fills a section, and escapes what would end a cell", () => {
    const text = "a\n<!-- generated: b -->\nold\n<!-- end -->\nc";
    const table = markdownTable(["x"], [["y|z"]]);
    expect(fillSections(text, { b: () => table })).toBe("a\n<!-- generated: b -->\n| x |\n|---|\n| y\\|z |\n<!-- end -->\nc");
  });

  it("refuses a section that nobody makes, and a text without one", () => {
    expect(() => fillSections("<!-- generated: z -->\n<!-- end -->", {})).toThrow('came the section "z"');
    expect(() => fillSections("", { b: () => "" })).toThrow("expected the sections b");
  });

  it("reports links to nothing, but none in code", () => {
    expect(brokenLinks("README.md", "[a](nowhere.md) [b](src/README.md#no-heading) [c](https://x.org)")).toEqual([
      "README.md links to nowhere.md",
      "README.md links to src/README.md#no-heading",
    ]);
    expect(brokenLinks("README.md", "```\n[a](nowhere.md)\n```\n[b](src/README.md#determinism) # c")).toEqual([]);
  });

  it("reports scripts that package.json lacks", () => {
    expect(unknownScripts("a.md", "`npm run docs`, npm run test:all", { docs: "" })).toEqual(["a.md names npm run test:all"]);
  });
});
