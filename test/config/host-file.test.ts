import { join } from "node:path";
import { expect, test } from "vitest";
import { completeHostSpec } from "../../src/config/defaults.ts";
import { parseHostSpecFile } from "../../src/config/host-file.ts";
import { lines, tempDir } from "./temp-config.ts";

const parse = (text: string) => parseHostSpecFile(join(tempDir({ "spec.yaml": text }), "spec.yaml"));

test("a file with one host specification is completed with defaults", async () => {
  expect(await parse("kernel: linux-5.8\nguests: { web: { vcpus: 2 } }")).toEqual({
    ok: true,
    value: completeHostSpec({ kernel: "linux-5.8", guests: { web: { vcpus: 2 } } }),
  });
});

test("an empty file is a host of defaults", async () => {
  expect(await parse("# nothing\n")).toEqual({ ok: true, value: completeHostSpec({}) });
});

test.each([
  [
    "kernal: c84\ncpus: 0",
    ['spec.yaml:1:1: kernal: unknown key; did you mean "kernel"?', "spec.yaml:2:7: cpus: expected a whole number from 1 to 1024, came 0"],
  ],
  ["name: a\ncount: 1", ["spec.yaml:1:1: name: unknown key", "spec.yaml:2:1: count: unknown key"]],
  ["cpus: 2\nguests:\n  web: { vcpus: 4 }", ["spec.yaml:3:17: guests.web.vcpus: expected at most 2 vCPUs, one for each CPU, came 4"]],
])("the errors of %j have their lines", async (text, expected) => {
  const result = await parse(text);
  expect(result.ok ? [] : lines(result.errors)).toEqual(expected);
});

test("a file that is not there is an error", async () => {
  const result = await parseHostSpecFile("/does/not/exist.yaml");
  expect(result.ok ? [] : lines(result.errors)).toEqual([expect.stringContaining("exist.yaml: cannot be read")]);
});

test("a fleet file given as one host is named for what it is, in one error", async () => {
  const result = await parse("seed: 1\ngroups:\n  - { name: a, count: 1 }");
  expect(result.ok ? [] : lines(result.errors)).toEqual([
    expect.stringMatching(/^spec\.yaml:2:1: groups: expected one host specification/),
  ]);
});
